// Host names and address literals in the one form in which rules and records compare them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::policy {

constexpr std::size_t kHostNameOctetsMax = 253;

// The host of a request (without port; an IPv6 literal with or without brackets) as rules see it: lower case, A-labels
// for a name in UTF-8, no trailing dot, an address as IpAddress::to_string() writes it. Nothing when it is empty, longer
// than kHostNameOctetsMax, or not a name that IDNA knows.
std::optional<std::string> normalized_host(std::string_view host);

}  // namespace weir::policy
