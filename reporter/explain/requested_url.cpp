#include "reporter/explain/requested_url.h"

#include <algorithm>

#include "common/base/quantity.h"
#include "common/policy/host_name.h"
#include "common/policy/rule_pattern.h"

namespace weir::explain {

namespace {

// 127.1, 0x7f.1, 2130706433: some resolvers take these for addresses, and the proxy refuses them.
bool is_disguised_address(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  const bool is_hexadecimal = last.starts_with("0x") && last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
  return is_hexadecimal || last.find_first_not_of("0123456789") == std::string_view::npos;
}

bool take_host(std::string_view text, RequestedUrl& out, std::string& error) {
  const auto host = policy::normalized_host(text);
  if (!host) {
    error = "\"" + std::string(text) + "\" is not a host name";
    return false;
  }
  out.host = *host;
  out.literal = base::IpAddress::parse(out.host);
  if (out.literal) {
    return true;
  }
  if (is_disguised_address(out.host)) {
    error = "\"" + out.host + "\" is no proper address; the proxy refuses such spellings as malformed";
    return false;
  }
  const auto name = policy::parse_rule_pattern(out.host, error);
  if (name && name->kind != policy::RulePattern::Kind::Exact) {
    error = "\"" + out.host + "\" is not a host name";
  }
  return name && name->kind == policy::RulePattern::Kind::Exact;
}

// Where the port's colon is, or the end.
std::size_t find_port(std::string_view authority) {
  const std::size_t from = authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0;
  return std::min(authority.find(':', from), authority.size());
}

}  // namespace

std::optional<RequestedUrl> parse_requested_url(std::string_view text, std::string& error) {
  RequestedUrl url;
  const std::size_t scheme_end = text.find("://");
  const std::string scheme = scheme_end == std::string_view::npos ? "https" : policy::to_lower(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") {
    error = "\"" + scheme + "\" is no scheme that goes through the proxy; http and https are";
    return std::nullopt;
  }
  url.is_tunnel = scheme == "https";
  url.port = url.is_tunnel ? 443 : 80;
  std::string_view authority = text.substr(scheme_end == std::string_view::npos ? 0 : scheme_end + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t colon = find_port(authority);
  if (colon + 1 < authority.size()) {
    const auto port = base::parse_decimal(authority.substr(colon + 1), 65'535);
    if (!port || *port == 0) {
      error = "\"" + std::string(authority.substr(colon + 1)) + "\" is not a port";
      return std::nullopt;
    }
    url.port = static_cast<std::uint16_t>(*port);
  }
  return take_host(authority.substr(0, colon), url, error) ? std::optional(std::move(url)) : std::nullopt;
}

}  // namespace weir::explain
