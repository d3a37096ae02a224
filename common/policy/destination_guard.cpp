#include "common/policy/destination_guard.h"

#include <algorithm>
#include <utility>

#include "common/policy/embedded_v4.h"

namespace weir::policy {

namespace {

using base::any_contains;
using base::Cidr;
using base::IpAddress;

constexpr const char* kRefusedByDefault[] = {
    "127.0.0.0/8", "::1",           // loopback
    "169.254.0.0/16", "fe80::/10",  // link-local, where most metadata services are
    "0.0.0.0/8", "::",              // unspecified: Linux connects to itself
    "224.0.0.0/4", "ff00::/8",      // multicast
    "240.0.0.0/4",                  // reserved, broadcast
    // Metadata services elsewhere: AWS and Google over IPv6, Alibaba, Oracle, Azure's host agent.
    "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16",
};

const std::vector<Cidr>& networks_refused_by_default() {
  static const std::vector<Cidr> networks = [] {
    std::vector<Cidr> parsed;
    for (const char* text : kRefusedByDefault) {
      parsed.push_back(*Cidr::parse(text));
    }
    return parsed;
  }();
  return networks;
}

}  // namespace

DestinationGuard::DestinationGuard(std::vector<Cidr> allow, std::vector<Cidr> deny)
    : allow_(std::move(allow)), deny_(std::move(deny)) {}

bool DestinationGuard::permits(const IpAddress& address) const {
  if (any_contains(allow_, address)) {
    return true;
  }
  const bool is_denied = any_contains(deny_, address) || any_contains(networks_refused_by_default(), address);
  const auto embedded = embedded_v4(address);
  if (embedded.empty()) {
    return !is_denied;
  }
  const auto all_embedded = [&](auto&& test) { return std::all_of(embedded.begin(), embedded.end(), test); };
  if (is_denied) {
    return all_embedded([&](const IpAddress& v4) { return any_contains(allow_, v4); });
  }
  return all_embedded([&](const IpAddress& v4) { return permits(v4); });
}

}  // namespace weir::policy
