#include "common/policy/rule_pattern.h"

#include <algorithm>

#include "common/base/ip_address.h"
#include "common/policy/glob.h"
#include "common/policy/host_name.h"

namespace weir::policy {

namespace {

using Kind = RulePattern::Kind;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// A pattern for the text of IPv6 addresses, such as 2001:db8:*.
bool is_address_wildcard(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdefABCDEF:*?[]!-") == std::string_view::npos;
}

// What is wrong with a byte of `text`, or nothing.
std::string find_stray_byte(std::string_view text) {
  const bool colons_are_fine = is_address_wildcard(text);
  std::size_t set_end = 0;  // [seq] reaches up to here
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '[' && at >= set_end) {
      set_end = Glob::find_set_end(text, at);
      if (set_end == std::string_view::npos) {
        return "has a [ without ]";
      }
      continue;
    }
    const bool in_set = at <= set_end && set_end != 0;
    if (is_name_byte(c) || c == '*' || c == '?' || (c == ':' && colons_are_fine) ||
        (in_set && (c == '!' || c == '[' || c == ']'))) {
      continue;
    }
    if (c == ':' || c == '/') {
      return "is not a host name: leave out scheme, port and path";
    }
    return c > ' ' && c < 0x7f ? std::string("has a '") + c + "', which no host name has" : "has a blank or control character";
  }
  return {};
}

// What is wrong with a name without wildcards, or nothing.
std::string find_bad_label(std::string_view name) {
  if (name.size() > kHostNameOctetsMax) {
    return "is longer than " + std::to_string(kHostNameOctetsMax) + " octets";
  }
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty()) {
      return "has an empty label (for all names below example.com write *.example.com)";
    }
    if (label.size() > kLabelOctetsMax) {
      return "has a label longer than " + std::to_string(kLabelOctetsMax) + " octets";
    }
    if (label.size() == name.size()) {
      return {};
    }
    name.remove_prefix(label.size() + 1);
  }
}

// A pattern with wildcards, its labels in UTF-8 turned into A-labels. Only labels without wildcards can be: an A-label
// says nothing of the letters' order.
std::string normalize_wildcard(std::string_view text, std::string& name) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    name = to_lower(text);
    return {};
  }
  if (text.find('[') != std::string_view::npos) {
    return "has letters outside ASCII and [seq]: write the labels as xn--...";
  }
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    const bool has_wildcard = Glob::has_wildcard(label);
    const auto converted = to_a_labels(label);
    if (!converted || (has_wildcard && *converted != to_lower(label))) {
      return "has a label that cannot be written in ASCII (a wildcard cannot stand for a part of such a label)";
    }
    name += *converted;
    if (label.size() == text.size()) {
      return {};
    }
    name += '.';
    text.remove_prefix(label.size() + 1);
  }
}

// Fills `out`, or says what is wrong.
std::string parse(std::string_view text, RulePattern& out) {
  const bool is_adblock = text.starts_with("||");
  if (is_adblock) {
    if (!text.ends_with('^')) {
      return "begins with || but does not end with ^";
    }
    text = text.substr(2, text.size() - 3);
  }
  if (const auto literal = normalized_host(text); literal && base::IpAddress::parse(*literal)) {
    out = {is_adblock ? Kind::AtOrBelow : Kind::Exact, *literal};
    return {};
  }
  if (text.ends_with('.')) {
    text.remove_suffix(1);
  }
  if (text.empty()) {
    return "is empty";
  }
  if (std::string wrong = find_stray_byte(text); !wrong.empty()) {
    return wrong;
  }
  const bool is_below = !is_adblock && text.starts_with("*.") && !Glob::has_wildcard(text.substr(2));
  if (is_below) {
    text.remove_prefix(2);
  }
  if (Glob::has_wildcard(text)) {
    out.kind = Kind::Wildcard;
    if (is_adblock || text.size() > kHostNameOctetsMax) {
      return is_adblock ? "has a wildcard between || and ^" : "is longer than " + std::to_string(kHostNameOctetsMax) + " octets";
    }
    return normalize_wildcard(text, out.name);
  }
  const auto name = to_a_labels(text);
  if (!name) {
    return "is not a name that IDNA knows";
  }
  out = {is_adblock ? Kind::AtOrBelow : is_below ? Kind::Below : Kind::Exact, *name};
  return find_bad_label(*name);
}

// For an error message, which is one line.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShownOctetsMax = 80;
  std::string shown(text.substr(0, kShownOctetsMax));
  std::replace_if(shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  return "\"" + shown + (text.size() > kShownOctetsMax ? "..." : "") + "\"";
}

}  // namespace

std::optional<RulePattern> parse_rule_pattern(std::string_view text, std::string& error) {
  RulePattern pattern;
  const std::string wrong = parse(text, pattern);
  if (wrong.empty()) {
    return pattern;
  }
  error = quoted(text) + " " + wrong;
  return std::nullopt;
}

}  // namespace weir::policy
