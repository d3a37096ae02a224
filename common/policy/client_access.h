// Who may use the proxy at all, by client address. Pure.
#pragma once

#include <span>
#include <vector>

#include "common/base/ip_address.h"

namespace weir::policy {

class ClientAccess {
 public:
  // The `allowed` networks; when there are none, by where the proxy listens: this machine alone when that is loopback
  // only, otherwise also link-local and private networks. Never everyone unless it is said.
  ClientAccess(std::vector<base::Cidr> allowed, std::span<const base::SocketAddress> listening);

  bool permits(const base::IpAddress& client) const { return base::any_contains(allowed_, client); }

 private:
  std::vector<base::Cidr> allowed_;
};

}  // namespace weir::policy
