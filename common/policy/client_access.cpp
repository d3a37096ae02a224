#include "common/policy/client_access.h"

#include <algorithm>
#include <utility>

namespace weir::policy {

namespace {

std::vector<base::Cidr> default_networks(std::span<const base::SocketAddress> listening) {
  std::vector<base::Cidr> networks = base::loopback_networks();
  const bool is_local_only = std::all_of(listening.begin(), listening.end(), [](const base::SocketAddress& socket) {
    return base::any_contains(base::loopback_networks(), socket.address);
  });
  if (!is_local_only) {
    for (const auto* group : {&base::link_local_networks(), &base::private_networks()}) {
      networks.insert(networks.end(), group->begin(), group->end());
    }
  }
  return networks;
}

}  // namespace

ClientAccess::ClientAccess(std::vector<base::Cidr> allowed, std::span<const base::SocketAddress> listening)
    : allowed_(allowed.empty() ? default_networks(listening) : std::move(allowed)) {}

}  // namespace weir::policy
