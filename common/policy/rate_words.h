// The 64-bit words of a rate table and what their bits mean. Each word changes by compare-and-swap alone, and each holds
// enough to tell by itself whose it is. Pure. See docs/decisions/0032-rate-windows.md.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::policy {

using RateWord = std::atomic<std::uint64_t>;
static_assert(RateWord::is_always_lock_free && sizeof(RateWord) == 8);

// Who owns a slot, as a number: it grows by one whenever the slot changes hands, so no older process can mistake a
// slot for the one it knew. A client is given the slot first (the claim is tentative) and may count in it when the
// claim is live.
struct SlotState {
  static constexpr std::uint32_t kClaimMask = 0x7fff'ffff;

  std::uint32_t claim = 0;  // 31 bits
  bool is_live = false;
  std::uint32_t head = 0;  // live: number of admissions, modulo RateTable::head_end(); tentative: when, see below

  static SlotState unpack(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word >> 33), ((word >> 32) & 1) != 0, static_cast<std::uint32_t>(word)};
  }
  std::uint64_t pack() const { return std::uint64_t{claim} << 33 | std::uint64_t{is_live} << 32 | head; }
  // The state of a slot that somebody takes at `now_us`. The time is kept in units of 1024 us.
  SlotState taken(std::uint64_t now_us) const {
    return {(claim + 1) & kClaimMask, false, static_cast<std::uint32_t>(now_us >> 10)};
  }
  std::uint64_t taken_at_us(std::uint64_t now_us) const {
    // Signed: the clocks of two processes race, and a slot taken just after `now_us` is not an old one.
    const auto age = static_cast<std::int32_t>(static_cast<std::uint32_t>(now_us >> 10) - head);
    const std::uint64_t age_us = age > 0 ? static_cast<std::uint64_t>(age) << 10 : 0;
    return age_us < now_us ? now_us - age_us : 0;
  }
  bool operator==(const SlotState&) const = default;
};

// One admission in a client's ring.
struct RateEntry {
  std::uint64_t time_us = 0;    // 48 bits: nine years since boot
  std::uint32_t claim_tag = 0;  // the low 15 bits of its owner's claim
  bool is_odd_lap = false;

  static std::uint32_t tag_of(std::uint32_t claim) { return claim & 0x7fff; }
  static RateEntry unpack(std::uint64_t word) {
    return {word >> 16, static_cast<std::uint32_t>(word >> 1) & 0x7fff, (word & 1) != 0};
  }
  std::uint64_t pack() const { return time_us << 16 | claim_tag << 1 | (is_odd_lap ? 1u : 0u); }
};

// A value with the low bits of the claim that it was written for: a half of the client's key (with all 31 bits)
// or the time of the claim (with 16).
template <unsigned ClaimBits>
struct ClaimedValue {
  static std::uint64_t pack(std::uint64_t value, std::uint32_t claim) { return value << ClaimBits | low(claim); }
  static std::uint64_t value(std::uint64_t word) { return word >> ClaimBits; }
  static bool is_of(std::uint64_t word, std::uint32_t claim) { return low(word) == low(claim); }
  // Writes unless a later claim did. Only the one process that made `claim` writes for it.
  static bool write(RateWord& word, std::uint64_t value, std::uint32_t claim) {
    std::uint64_t seen = word.load();
    while (is_before(seen, claim)) {
      if (word.compare_exchange_strong(seen, pack(value, claim))) {
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr unsigned kUnused = 64 - ClaimBits;
  static std::uint64_t low(std::uint64_t bits) { return bits << kUnused >> kUnused; }
  static bool is_before(std::uint64_t word, std::uint32_t claim) {
    return static_cast<std::int64_t>((low(word) - low(claim)) << kUnused) < 0;
  }
};

using KeyHalf = ClaimedValue<31>;
using ClaimTime = ClaimedValue<16>;

}  // namespace weir::policy
