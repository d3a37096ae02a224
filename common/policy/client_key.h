// The number under which a client's use is counted: one for each IPv4 address and each IPv6 /64, which is what one
// subscriber has.
#pragma once

#include <cstdint>

#include "common/base/ip_address.h"

namespace weir::policy {

// Well mixed, with a secret, so that nobody can choose addresses that meet in one place of a table. Different clients have
// different keys.
std::uint64_t client_key(const base::IpAddress& client, std::uint64_t secret);

}  // namespace weir::policy
