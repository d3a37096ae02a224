// One client's last admissions in its slot of the rate table: a ring of as many as may be in a window. A view; the
// table owns the memory. See docs/decisions/0032-rate-windows.md.
#pragma once

#include <cstdint>
#include <span>

#include "common/policy/rate_table.h"

namespace weir::policy {

class RateRing {
 public:
  RateRing(const RateTable& table, const ClientSet& set, std::size_t way, std::uint32_t claim)
      : words_(table.ring_of(set, way)),
        head_end_(table.head_end()),
        claim_tag_(RateEntry::tag_of(claim)),
        claimed_at_us_(ClaimTime::value(set.claimed_at[way].load())) {}

  std::uint64_t claimed_at_us() const { return claimed_at_us_; }

  // The word of admission number `number`, which until then is that of the admission a whole ring earlier.
  RateWord& word(std::uint32_t number) const { return words_[number % words_.size()]; }

  // True for an admission under this claim; false for what an earlier owner left.
  bool is_own(RateEntry entry) const { return entry.claim_tag == claim_tag_ && entry.time_us >= claimed_at_us_; }
  // True when `entry`, read from word(number), is that admission and not the one a whole ring earlier.
  bool is_admission(RateEntry entry, std::uint32_t number) const {
    return is_own(entry) && entry.is_odd_lap == is_odd_lap(number);
  }
  RateEntry make_admission(std::uint64_t time_us, std::uint32_t number) const {
    return {time_us, claim_tag_, is_odd_lap(number)};
  }

  std::uint32_t next(std::uint32_t number) const { return number + std::uint64_t{1} == head_end_ ? 0 : number + 1; }
  // `distance` at most the length of the ring.
  std::uint32_t back(std::uint32_t number, std::uint32_t distance) const {
    return static_cast<std::uint32_t>(number >= distance ? number - distance : number + head_end_ - distance);
  }

  // When the last admission before number `head` was; when the slot was claimed, if there is none.
  std::uint64_t last_time_us(std::uint32_t head) const {
    const std::uint32_t last = back(head, 1);
    const RateEntry entry = RateEntry::unpack(word(last).load());
    return is_admission(entry, last) ? entry.time_us : claimed_at_us_;
  }

 private:
  bool is_odd_lap(std::uint32_t number) const { return number / words_.size() % 2 != 0; }

  std::span<RateWord> words_;
  std::uint64_t head_end_;
  std::uint32_t claim_tag_;
  std::uint64_t claimed_at_us_;
};

}  // namespace weir::policy
