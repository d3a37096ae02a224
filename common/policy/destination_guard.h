// Which resolved addresses a request may go to: keeps clients from the proxy's own host, its network's control plane
// and the cloud's metadata service. Asked with the very address that is then connected to. Pure.
#pragma once

#include <vector>

#include "common/base/ip_address.h"

namespace weir::policy {

class DestinationGuard {
 public:
  DestinationGuard(std::vector<base::Cidr> allow, std::vector<base::Cidr> deny);

  // What `allow` contains passes. Of the rest, what `deny` contains does not, nor what is refused by default: loopback,
  // link-local, unspecified, multicast, broadcast and reserved addresses, and metadata services. An IPv6 address that
  // embeds an IPv4 address (see embedded_v4.h) is also judged by that one.
  bool permits(const base::IpAddress& address) const;

 private:
  std::vector<base::Cidr> allow_;
  std::vector<base::Cidr> deny_;
};

}  // namespace weir::policy
