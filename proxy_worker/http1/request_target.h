// The request-target in its four forms (RFC 9112 section 3.2), taken apart and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip_address.h"

namespace weir::http1 {

enum class TargetForm { Absolute, Authority, Origin, Asterisk };

enum class TargetError {
  None,
  BadAuthority,       // host or port malformed, or userinfo given
  BadPath,
  UnsupportedScheme,  // not http
  HttpsNeedsConnect,  // an https URI that would have to go out in plain text
  WrongForm,          // authority-form without CONNECT, CONNECT with another form, asterisk-form without OPTIONS
};

std::string_view describe(TargetError error);

// Where a request is to go. `host` is lower case, without brackets and trailing dot; an address literal is also in
// `literal`, so that no name service is asked for it.
struct Authority {
  std::string host;
  std::uint16_t port = 0;
  std::optional<base::IpAddress> literal;

  // As a Host field or a URI writes it: brackets around IPv6, the port left out when it is `default_port`.
  std::string to_string(std::uint16_t default_port) const;
};

struct RequestTarget {
  TargetForm form = TargetForm::Origin;
  Authority authority;                // Absolute and Authority only
  std::string_view authority_text;    // as received, without an empty port: what the origin is told as Host
  std::string_view path_and_query;    // as received, without fragment; may be empty or begin with '?'
};

// `out` is reused from request to request.
[[nodiscard]] TargetError parse_request_target(std::string_view method, std::string_view target, RequestTarget& out);

// host[:port] as in a Host field (RFC 9110 section 7.2). `default_port` 0: a port must be given. False when malformed.
[[nodiscard]] bool parse_authority(std::string_view text, std::uint16_t default_port, Authority& out);

}  // namespace weir::http1
