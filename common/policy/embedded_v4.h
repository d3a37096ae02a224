// IPv4 addresses inside IPv6 addresses: whoever connects to such an IPv6 address may end up at the IPv4 one. Pure.
#pragma once

#include <vector>

#include "common/base/ip_address.h"

namespace weir::policy {

// The IPv4 address that `address` embeds: IPv4-compatible (::a.b.c.d), IPv4-translated (::ffff:0:a.b.c.d, RFC 2765),
// NAT64 (64:ff9b::/96 and 64:ff9b:1::/48, RFC 6052 and 8215), 6to4 (2002::/16, RFC 3056), Teredo (2001::/32, RFC 4380:
// the server and the client). Several where the form can be read in more than one way; empty for any other address. The
// mapped form ::ffff:a.b.c.d is no question here: IpAddress holds it as the IPv4 address itself.
std::vector<base::IpAddress> embedded_v4(const base::IpAddress& address);

}  // namespace weir::policy
