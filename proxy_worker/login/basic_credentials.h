// What a client says in Proxy-Authorization with the Basic scheme (RFC 7617 section 2). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::login {

struct Credentials {
  std::string user;
  std::string password;

  bool operator==(const Credentials&) const = default;
};

inline constexpr std::size_t kCredentialsBytesMax = 1024;

// From the field's value; nothing when it is another scheme, malformed, too long, or holds control characters.
std::optional<Credentials> parse_basic_credentials(std::string_view field_value);

}  // namespace weir::login
