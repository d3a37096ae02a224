#include "common/policy/rate_windows.h"

#include <algorithm>

#include "common/policy/client_slots.h"
#include "common/policy/rate_ring.h"

namespace weir::policy {

namespace {

using std::chrono::microseconds;

// Each failed attempt means that another process got further; so many in a row mean that the file is damaged.
constexpr int kAdmitAttemptsMax = 100'000;

// How many admissions, back from and with number `last`, are in the window that ends at `now_us`. They are in the order
// of their times, so the oldest is found by halving; others may be admitted meanwhile, so this is an estimate.
std::uint32_t count_recent(const RateRing& ring, std::uint32_t last, std::uint32_t limit, std::uint64_t window_us,
                           std::uint64_t now_us) {
  const auto is_recent = [&](std::uint32_t distance) {
    const std::uint32_t number = ring.back(last, distance);
    const RateEntry entry = RateEntry::unpack(ring.word(number).load(std::memory_order_relaxed));
    return ring.is_admission(entry, number) && entry.time_us + window_us > now_us;
  };
  std::uint32_t recent = 1;
  std::uint32_t not_recent = limit;
  while (recent < not_recent) {
    const std::uint32_t middle = recent + (not_recent - recent) / 2;
    if (is_recent(middle)) {
      recent = middle + 1;
    } else {
      not_recent = middle;
    }
  }
  return recent;
}

// One step towards a decision; nothing when another process has come in between or the slot is another client's now.
std::optional<Admission> try_to_admit(const RateTable& table, const ClientSlot& slot, SlotState state, std::uint64_t now_us) {
  RateWord& state_word = slot.set->state[slot.way];
  const RateRing ring(table, *slot.set, slot.way, slot.claim);
  RateWord& word = ring.word(state.head);
  std::uint64_t old_word = word.load();
  const std::uint64_t last_us = ring.last_time_us(state.head);
  std::uint64_t state_bits = state.pack();
  if (state_word.load() != state_bits) {
    return std::nullopt;  // What was read may not belong together.
  }
  const std::uint64_t next_state = SlotState{state.claim, true, ring.next(state.head)}.pack();
  const RateEntry old = RateEntry::unpack(old_word);
  if (ring.is_admission(old, state.head)) {
    // Another process has written this admission and not yet moved the head. It may be dead.
    state_word.compare_exchange_strong(state_bits, next_state);
    return std::nullopt;
  }
  if (ring.is_own(old) && old.time_us + table.window_us() > now_us) {
    return Admission{false, table.requests() + 1, microseconds(old.time_us + table.window_us() - now_us)};
  }
  const RateEntry entry = ring.make_admission(std::max(now_us, last_us), state.head);
  if (!word.compare_exchange_strong(old_word, entry.pack())) {
    return std::nullopt;
  }
  // Whoever finds the entry moves the head for us; only when the slot has changed hands was it not counted.
  if (!state_word.compare_exchange_strong(state_bits, next_state) && SlotState::unpack(state_bits).claim != slot.claim) {
    return std::nullopt;
  }
  return Admission{true, count_recent(ring, state.head, table.requests(), table.window_us(), now_us), microseconds(0)};
}

}  // namespace

std::optional<RateWindows> RateWindows::open(const std::filesystem::path& path, std::uint32_t requests,
                                             std::chrono::milliseconds window, std::string& error,
                                             std::uint64_t clients_max) {
  auto table = RateTable::open(path, requests, window, clients_max, error);
  return table ? std::optional(RateWindows(std::move(*table))) : std::nullopt;
}

Admission RateWindows::admit(const base::IpAddress& client, microseconds now) {
  const std::uint64_t now_us = static_cast<std::uint64_t>(std::max<microseconds::rep>(now.count(), 1));
  const std::uint64_t key = table_.key_of(client);
  std::optional<ClientSlot> slot;
  for (int attempt = 0; attempt < kAdmitAttemptsMax; ++attempt) {
    if (!slot && !(slot = find_or_claim(table_, key, now_us))) {
      break;
    }
    const SlotState state = SlotState::unpack(slot->set->state[slot->way].load());
    if (!state.is_live || state.claim != slot->claim) {
      slot.reset();
    } else if (const auto admission = try_to_admit(table_, *slot, state, now_us)) {
      return *admission;
    }
  }
  return {false, table_.requests() + 1, microseconds(static_cast<microseconds::rep>(table_.window_us()))};
}

}  // namespace weir::policy
