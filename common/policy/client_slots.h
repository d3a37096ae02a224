// Finds the slot of a client in the rate table, or gives it one. At any time a client has at most one live slot, however
// many processes look for it at once and wherever they are killed. Lock-free. See docs/decisions/0032-rate-windows.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/policy/rate_table.h"

namespace weir::policy {

// A slot that was live for a client. It is still that client's as long as its state has the same claim.
struct ClientSlot {
  ClientSet* set;
  std::size_t way;
  std::uint32_t claim;
};

// Nothing only if others changed the set at each of so many attempts.
constexpr int kClaimAttemptsMax = 10'000;
std::optional<ClientSlot> find_or_claim(const RateTable& table, std::uint64_t key, std::uint64_t now_us);

}  // namespace weir::policy
