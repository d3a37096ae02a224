#include "common/policy/client_slots.h"

#include <algorithm>
#include <limits>

#include "common/policy/rate_ring.h"

namespace weir::policy {

namespace {

struct Holding {
  std::size_t way;
  SlotState state;
};

// The state of slot `way` if it is, or is about to be, that of `key`.
std::optional<Holding> holding(const ClientSet& set, std::size_t way, std::uint64_t key) {
  const std::uint64_t high = set.key_high[way].load();
  if (KeyHalf::value(high) != key >> 32) {
    return std::nullopt;
  }
  const std::uint64_t low = set.key_low[way].load();
  const SlotState state = SlotState::unpack(set.state[way].load());
  const bool is_complete = KeyHalf::is_of(high, state.claim) && KeyHalf::is_of(low, state.claim) && state != SlotState{};
  if (!is_complete || KeyHalf::value(low) != (key & 0xffff'ffff)) {
    return std::nullopt;
  }
  return Holding{way, state};
}

// The live slot of `key`; without one, the first that somebody is taking for it.
std::optional<Holding> find(const ClientSet& set, std::uint64_t key) {
  std::optional<Holding> tentative;
  for (std::size_t way = 0; way < kWays; ++way) {
    const auto found = holding(set, way, key);
    if (found && found->state.is_live) {
      return found;
    }
    tentative = tentative ? tentative : found;
  }
  return tentative;
}

bool exchange(RateWord& word, SlotState from, SlotState to) {
  std::uint64_t expected = from.pack();
  return word.compare_exchange_strong(expected, to.pack());
}

// When slot `way` was last of use to somebody.
std::uint64_t used_at_us(const RateTable& table, const ClientSet& set, std::size_t way, SlotState state, std::uint64_t now_us) {
  if (state == SlotState{}) {
    return 0;
  }
  if (!state.is_live) {
    return state.taken_at_us(now_us);
  }
  // An entry that waits at the head does not matter: its process, if it lives, finds the slot gone and begins again.
  return RateRing(table, set, way, state.claim).last_time_us(state.head);
}

// Takes the slot that was of no use for the longest time: tentatively, for `key`. Nothing when another process was
// faster.
std::optional<Holding> take_a_slot(const RateTable& table, ClientSet& set, std::uint64_t key, std::uint64_t now_us) {
  Holding oldest{};
  std::uint64_t oldest_us = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t way = 0; way < kWays; ++way) {
    const SlotState state = SlotState::unpack(set.state[way].load());
    const std::uint64_t used_us = used_at_us(table, set, way, state, now_us);
    if (used_us < oldest_us) {
      oldest = {way, state};
      oldest_us = used_us;
    }
  }
  const SlotState taken = oldest.state.taken(now_us);
  if (!exchange(set.state[oldest.way], oldest.state, taken)) {
    return std::nullopt;
  }
  if (oldest.state.is_live && oldest_us + table.window_us() > now_us) {
    table.live_evictions().fetch_add(1);
  }
  const bool is_written = ClaimTime::write(set.claimed_at[oldest.way], now_us, taken.claim) &&
                          KeyHalf::write(set.key_high[oldest.way], key >> 32, taken.claim) &&
                          KeyHalf::write(set.key_low[oldest.way], key & 0xffff'ffff, taken.claim);
  return is_written ? std::optional(Holding{oldest.way, taken}) : std::nullopt;
}

// Makes a tentative slot live unless the client has another one. Of two tentative slots the lower one stays. Anybody
// may do this for a slot whose key is complete: the process that took it may be dead.
bool settle(ClientSet& set, std::uint64_t key, const Holding& mine) {
  for (std::size_t way = 0; way < kWays; ++way) {
    const auto other = way != mine.way ? holding(set, way, key) : std::nullopt;
    if (!other) {
      continue;
    }
    if (other->state.is_live || way < mine.way) {
      return false;
    }
    SlotState cancelled = other->state;
    cancelled.claim = (cancelled.claim + 1) & SlotState::kClaimMask;
    if (!exchange(set.state[way], other->state, cancelled)) {
      return false;
    }
  }
  return exchange(set.state[mine.way], mine.state, {mine.state.claim, true, 0});
}

}  // namespace

std::optional<ClientSlot> find_or_claim(const RateTable& table, std::uint64_t key, std::uint64_t now_us) {
  ClientSet& set = table.set_of(key);
  for (int attempt = 0; attempt < kClaimAttemptsMax; ++attempt) {
    auto slot = find(set, key);
    if (!slot) {
      slot = take_a_slot(table, set, key, now_us);
    }
    if (slot && (slot->state.is_live || settle(set, key, *slot))) {
      return ClientSlot{&set, slot->way, slot->state.claim};
    }
  }
  return std::nullopt;
}

}  // namespace weir::policy
