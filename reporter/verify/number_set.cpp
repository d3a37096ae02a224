#include "reporter/verify/number_set.h"

#include <algorithm>

namespace weir::verify {

bool NumberSet::insert(std::uint64_t number) {
  const std::uint64_t key = number / kPageNumbers;
  if (last_page_ == nullptr || key != last_key_) {
    last_page_ = &pages_[key];
    last_key_ = key;
  }
  std::uint64_t& word = (*last_page_)[number % kPageNumbers / 64];
  const std::uint64_t bit = std::uint64_t{1} << number % 64;
  const bool is_new = (word & bit) == 0;
  word |= bit;
  size_ += is_new ? 1 : 0;
  return is_new;
}

bool NumberSet::contains(std::uint64_t number) const {
  const auto page = pages_.find(number / kPageNumbers);
  return page != pages_.end() && (page->second[number % kPageNumbers / 64] >> number % 64 & 1) != 0;
}

std::vector<Range> NumberSet::present(Range range) const {
  std::vector<Range> ranges;
  for (auto page = pages_.lower_bound(range.first / kPageNumbers); page != pages_.end(); ++page) {
    const std::uint64_t base = page->first * kPageNumbers;
    if (base > range.last) {
      break;
    }
    for (std::uint64_t index = 0; index < kPageNumbers; ++index) {
      const std::uint64_t word = page->second[index / 64];
      const std::uint64_t number = base + index;
      if (word == 0) {
        index += 63;  // the rest of the word; index % 64 is 0 here
      } else if ((word >> index % 64 & 1) != 0 && number >= range.first && number <= range.last) {
        if (!ranges.empty() && ranges.back().last + 1 == number) {
          ranges.back().last = number;
        } else {
          ranges.push_back({number, number});
        }
      }
    }
  }
  return ranges;
}

std::vector<Range> NumberSet::absent(Range range) const {
  return range.first > range.last ? std::vector<Range>{} : subtract({range}, present(range));
}

std::vector<Range> subtract(const std::vector<Range>& from, const std::vector<Range>& covers) {
  std::vector<Range> rest;
  auto cover = covers.begin();
  for (Range range : from) {
    // A cover that ends before this range ends before all that follow.
    while (cover != covers.end() && cover->last < range.first) {
      ++cover;
    }
    bool is_left = true;
    for (auto next = cover; is_left && next != covers.end() && next->first <= range.last; ++next) {
      if (next->first > range.first) {
        rest.push_back({range.first, next->first - 1});
      }
      is_left = next->last < range.last;
      range.first = next->last + 1;
    }
    if (is_left) {
      rest.push_back(range);
    }
  }
  return rest;
}

std::uint64_t total(const std::vector<Range>& ranges) {
  std::uint64_t count = 0;
  for (const Range& range : ranges) {
    count += range.count();
  }
  return count;
}

}  // namespace weir::verify
