#include "common/policy/embedded_v4.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace weir::policy {

namespace {

using base::Cidr;
using base::IpAddress;

using Positions = std::array<std::size_t, 4>;  // of the four octets in the sixteen

constexpr Positions kLastOctets{12, 13, 14, 15};

IpAddress v4_at(const IpAddress& address, const Positions& positions, std::uint8_t mask = 0) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<std::uint8_t>(address.octets()[positions[i]] ^ mask);
  }
  return IpAddress::from_v4(octets);
}

// Under 64:ff9b:1::/48 each network chooses its prefix length, so all places that RFC 6052 2.2 names are possible. A
// place that reads 0.x.y.z is not the one: except when all do.
std::vector<IpAddress> local_nat64(const IpAddress& address) {
  std::vector<IpAddress> readings;
  for (const Positions& positions : std::initializer_list<Positions>{{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, kLastOctets}) {
    if (address.octets()[positions[0]] != 0) {
      readings.push_back(v4_at(address, positions));
    }
  }
  if (readings.empty()) {
    readings.push_back(v4_at(address, kLastOctets));
  }
  return readings;
}

Cidr network(const char* text) { return *Cidr::parse(text); }

bool is_unspecified_or_loopback(const IpAddress& address) {
  static const Cidr both = network("::/127");
  return both.contains(address);
}

}  // namespace

std::vector<IpAddress> embedded_v4(const IpAddress& address) {
  static const Cidr compatible = network("::/96");
  static const Cidr translated = network("::ffff:0:0:0/96");
  static const Cidr nat64 = network("64:ff9b::/96");
  static const Cidr nat64_local = network("64:ff9b:1::/48");
  static const Cidr six_to_four = network("2002::/16");
  static const Cidr teredo = network("2001::/32");
  if (address.is_v4() || is_unspecified_or_loopback(address)) {
    return {};
  }
  if (compatible.contains(address) || translated.contains(address) || nat64.contains(address)) {
    return {v4_at(address, kLastOctets)};
  }
  if (nat64_local.contains(address)) {
    return local_nat64(address);
  }
  if (six_to_four.contains(address)) {
    return {v4_at(address, {2, 3, 4, 5})};
  }
  if (teredo.contains(address)) {
    return {v4_at(address, {4, 5, 6, 7}), v4_at(address, kLastOctets, 0xff)};  // The client's is stored inverted.
  }
  return {};
}

}  // namespace weir::policy
