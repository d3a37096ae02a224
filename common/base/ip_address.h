// IP addresses, networks and socket addresses as values, with their text forms (RFC 4291, RFC 5952).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::base {

// An IPv4 or IPv6 address. IPv4 is kept in the last four of the 16 octets, behind the ::ffff:0:0/96 prefix, so that an
// IPv4-mapped IPv6 address and the IPv4 address that it stands for are the same value.
class IpAddress {
 public:
  IpAddress() = default;  // ::
  static IpAddress from_v4(std::span<const std::uint8_t, 4> octets);
  static IpAddress from_v6(std::span<const std::uint8_t, 16> octets);
  // From 4 or 16 octets in network order; nothing for any other length.
  static std::optional<IpAddress> from_octets(std::string_view octets);
  // Strict text: dotted quad without leading zeros, or RFC 4291 without brackets and zone.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const;
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  // 4 or 16 octets in network order.
  std::string_view packed() const;
  std::string to_string() const;
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
};

// A network: address/prefix length.
class Cidr {
 public:
  Cidr() = default;
  // `prefix_bits` counts in the address's own family: 0..32 or 0..128. Host bits are cleared.
  Cidr(const IpAddress& address, unsigned prefix_bits);
  // "192.0.2.0/24", "2001:db8::/32", or one address alone.
  static std::optional<Cidr> parse(std::string_view text);

  bool contains(const IpAddress& address) const;
  std::string to_string() const;
  bool operator==(const Cidr&) const = default;

 private:
  IpAddress network_;
  unsigned prefix_bits_ = 0;  // counted over the 128-bit form
};

bool any_contains(std::span<const Cidr> networks, const IpAddress& address);

// The named groups of networks that options speak of.
const std::vector<Cidr>& loopback_networks();    // 127.0.0.0/8, ::1
const std::vector<Cidr>& link_local_networks();  // 169.254.0.0/16, fe80::/10
const std::vector<Cidr>& private_networks();     // RFC 1918, RFC 6598, fc00::/7

struct SocketAddress {
  IpAddress address;
  std::uint16_t port = 0;

  // "127.0.0.1:8080", "[::1]:8080", ":8080" and "*:8080" (every IPv6 and IPv4 address).
  static std::optional<SocketAddress> parse(std::string_view text);
  std::string to_string() const;
  auto operator<=>(const SocketAddress&) const = default;
};

}  // namespace weir::base
