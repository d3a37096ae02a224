#include "common/base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace weir::base {

namespace {

constexpr std::size_t kV4Offset = 12;
constexpr unsigned kV4PrefixBits = 96;

Cidr network(std::string_view text) { return *Cidr::parse(text); }

std::optional<unsigned> parse_number(std::string_view text, unsigned max) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || number > max) {
    return std::nullopt;
  }
  return number;
}

// inet_ntop() takes 20 times as long, and the collector writes two addresses for each request.
std::string dotted_quad(std::string_view octets) {
  std::array<char, INET_ADDRSTRLEN> text;
  char* end = text.data();
  for (const char octet : octets) {
    end = std::to_chars(end, text.data() + text.size(), static_cast<unsigned char>(octet)).ptr;
    *end++ = '.';
  }
  return {text.data(), end - 1};
}

}  // namespace

IpAddress IpAddress::from_v4(std::span<const std::uint8_t, 4> octets) {
  IpAddress result;
  result.octets_[10] = result.octets_[11] = 0xff;
  std::copy(octets.begin(), octets.end(), result.octets_.begin() + kV4Offset);
  return result;
}

IpAddress IpAddress::from_v6(std::span<const std::uint8_t, 16> octets) {
  IpAddress result;
  std::copy(octets.begin(), octets.end(), result.octets_.begin());
  return result;
}

std::optional<IpAddress> IpAddress::from_octets(std::string_view octets) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(octets.data());
  if (octets.size() == 4) {
    return from_v4(std::span<const std::uint8_t, 4>(bytes, 4));
  }
  if (octets.size() == 16) {
    return from_v6(std::span<const std::uint8_t, 16>(bytes, 16));
  }
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), terminated.begin());
  std::array<std::uint8_t, 16> octets{};
  if (::inet_pton(AF_INET, terminated.data(), octets.data()) == 1) {
    return from_v4(std::span<const std::uint8_t, 4>(octets.data(), 4));
  }
  if (::inet_pton(AF_INET6, terminated.data(), octets.data()) == 1) {
    return from_v6(octets);
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return octets_[10] == 0xff && octets_[11] == 0xff &&
         std::all_of(octets_.begin(), octets_.begin() + 10, [](std::uint8_t octet) { return octet == 0; });
}

std::string_view IpAddress::packed() const {
  const auto* bytes = reinterpret_cast<const char*>(octets_.data());
  return is_v4() ? std::string_view(bytes + kV4Offset, 4) : std::string_view(bytes, 16);
}

std::string IpAddress::to_string() const {
  if (is_v4()) {
    return dotted_quad(packed());
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, octets_.data(), text.data(), text.size());
  return text.data();
}

Cidr::Cidr(const IpAddress& address, unsigned prefix_bits)
    : prefix_bits_(address.is_v4() ? prefix_bits + kV4PrefixBits : prefix_bits) {
  std::array<std::uint8_t, 16> octets = address.octets();
  for (unsigned bit = prefix_bits_; bit < 128; ++bit) {
    octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] & ~(0x80u >> (bit % 8)));
  }
  network_ = IpAddress::from_v6(octets);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return std::nullopt;
  }
  const unsigned bits_max = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) {
    return Cidr(*address, bits_max);
  }
  const auto bits = parse_number(text.substr(slash + 1), bits_max);
  if (!bits) {
    return std::nullopt;
  }
  return Cidr(*address, *bits);
}

bool Cidr::contains(const IpAddress& address) const {
  const auto& mine = network_.octets();
  const auto& other = address.octets();
  const unsigned whole = prefix_bits_ / 8;
  if (!std::equal(mine.begin(), mine.begin() + whole, other.begin())) {
    return false;
  }
  const unsigned rest = prefix_bits_ % 8;
  return rest == 0 || ((mine[whole] ^ other[whole]) & (0xff00u >> rest) & 0xffu) == 0;
}

std::string Cidr::to_string() const {
  const bool v4 = network_.is_v4() && prefix_bits_ >= kV4PrefixBits;
  return network_.to_string() + "/" + std::to_string(v4 ? prefix_bits_ - kV4PrefixBits : prefix_bits_);
}

bool any_contains(std::span<const Cidr> networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Cidr& candidate) { return candidate.contains(address); });
}

const std::vector<Cidr>& loopback_networks() {
  static const std::vector<Cidr> networks{network("127.0.0.0/8"), network("::1")};
  return networks;
}

const std::vector<Cidr>& link_local_networks() {
  static const std::vector<Cidr> networks{network("169.254.0.0/16"), network("fe80::/10")};
  return networks;
}

const std::vector<Cidr>& private_networks() {
  static const std::vector<Cidr> networks{network("10.0.0.0/8"), network("172.16.0.0/12"), network("192.168.0.0/16"),
                                          network("100.64.0.0/10"), network("fc00::/7")};
  return networks;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto port = parse_number(text.substr(colon + 1), 65535);
  std::string_view host = text.substr(0, colon);
  if (!port) {
    return std::nullopt;
  }
  if (host.empty() || host == "*") {
    host = "::";
  } else if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // An IPv6 address needs its brackets: where would its port begin?
  }
  const auto address = IpAddress::parse(host);
  if (!address) {
    return std::nullopt;
  }
  return SocketAddress{*address, static_cast<std::uint16_t>(*port)};
}

std::string SocketAddress::to_string() const {
  const std::string host = address.to_string();
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

}  // namespace weir::base
