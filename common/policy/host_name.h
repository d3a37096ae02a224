// Host names and address literals in the one form in which rules and records compare them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weir::policy {

constexpr std::size_t kHostNameOctetsMax = 253;
constexpr std::size_t kLabelOctetsMax = 63;

// The host of a request (without port; an IPv6 literal with or without brackets) as rules see it: lower case, A-labels
// for a name in UTF-8, no trailing dot, an address as IpAddress::to_string() writes it. Nothing when it is empty, too
// long, or not a name that IDNA knows.
std::optional<std::string> normalized_host(std::string_view host);

// One or more labels in lower-case ASCII (RFC 5891 lookup form, UTS 46 mapping, non-transitional).
std::optional<std::string> to_a_labels(std::string_view name);

std::string to_lower(std::string_view text);  // ASCII only
bool is_ascii(std::string_view text);

}  // namespace weir::policy
