#include "common/policy/client_key.h"

#include <algorithm>

namespace weir::policy {

namespace {

// A bijection (the finalizer of splitmix64): different keys stay different.
std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
  return bits ^ bits >> 31;
}

}  // namespace

std::uint64_t client_key(const base::IpAddress& client, std::uint64_t secret) {
  const std::string_view octets = client.packed();
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(octets.size(), 8); ++i) {
    bits = bits << 8 | static_cast<std::uint8_t>(octets[i]);
  }
  // IPv4 goes where the prefixes 0:ffff::/32 would: that space is reserved, no client has such an address.
  const std::uint64_t v4_space = client.is_v4() ? std::uint64_t{0xffff} << 32 : 0;
  return mix((bits | v4_space) ^ secret);
}

}  // namespace weir::policy
