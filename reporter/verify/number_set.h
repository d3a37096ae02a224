// A set of numbers most of which are neighbours, such as sequence numbers: a bitmap in pages, so that ten million of them
// take little more than a megabyte, in whatever order they come. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace weir::verify {

// Numbers from first to last, both included.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  std::uint64_t count() const { return last - first + 1; }
  bool operator==(const Range&) const = default;
};

class NumberSet {
 public:
  NumberSet() = default;
  NumberSet(NumberSet&&) = default;
  NumberSet& operator=(NumberSet&&) = default;
  NumberSet(const NumberSet&) = delete;  // last_page_ points into pages_
  NumberSet& operator=(const NumberSet&) = delete;

  // False when it is there already.
  bool insert(std::uint64_t number);
  bool contains(std::uint64_t number) const;
  std::uint64_t size() const { return size_; }

  // What of `range` is in the set, as ranges in order, joined where they touch.
  std::vector<Range> present(Range range) const;
  // And what is not.
  std::vector<Range> absent(Range range) const;

 private:
  static constexpr std::uint64_t kPageNumbers = 4096;
  using Page = std::array<std::uint64_t, kPageNumbers / 64>;

  std::map<std::uint64_t, Page> pages_;  // by number / kPageNumbers
  std::uint64_t last_key_ = 0;
  Page* last_page_ = nullptr;  // of the last insert
  std::uint64_t size_ = 0;
};

// The parts of `from` that are in none of `covers`; both in order and without overlaps of their own.
std::vector<Range> subtract(const std::vector<Range>& from, const std::vector<Range>& covers);
std::uint64_t total(const std::vector<Range>& ranges);

}  // namespace weir::verify
