// Hashes of contents and names, by xxHash: fast and well spread, not made against forgers. Wraps the library. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::policy {

using ContentHash = std::array<std::uint8_t, 16>;

ContentHash hash_content(std::span<const std::byte> bytes);
std::uint64_t hash_name(std::string_view name, std::uint64_t seed);

// Over parts that come one after the other; each counts with its length, so that no two sequences of parts are alike.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  void add(std::string_view part);
  void add(std::uint64_t number);
  ContentHash finish() const;

 private:
  void* state_;
};

}  // namespace weir::policy
