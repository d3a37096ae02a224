// The URL that a user asks about, as a request of a client's program would bring it to the proxy. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip_address.h"

namespace weir::explain {

struct RequestedUrl {
  bool is_tunnel = false;  // https goes through CONNECT
  std::string host;        // as rules see it
  std::optional<base::IpAddress> literal;
  std::uint16_t port = 0;
};

// "http://host/path", "https://host:8443/", or a host alone, with or without port, for which https is assumed. Nothing when
// the proxy would call it malformed; `error` says why.
std::optional<RequestedUrl> parse_requested_url(std::string_view text, std::string& error);

}  // namespace weir::explain
