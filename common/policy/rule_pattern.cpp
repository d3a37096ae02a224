#include "common/policy/rule_pattern.h"

#include <algorithm>
#include <utility>

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

// Nearly all rules are names of letters, digits, hyphens and dots: one pass tells whether this is such a name, and writes
// it down. Whatever it does not take, right or wrong, is looked at closely.
bool take_simple_name(std::string_view text, std::string& name) {
  if (text.size() > kHostNameOctetsMax || text.empty()) {
    return false;
  }
  name.resize(text.size());
  std::size_t label_bytes = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '.') {
      if (label_bytes == 0) {
        return false;
      }
      label_bytes = 0;
    } else {
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') || ++label_bytes > kLabelOctetsMax) {
        return false;
      }
    }
    name[at] = c;
  }
  return name.back() >= 'a' && name.back() <= 'z';  // else it may be an address, or end in a dot
}

// Only then it is worth looking closer: nearly all rules are names.
bool may_be_address(std::string_view text) {
  const char last = text.ends_with('.') && text.size() > 1 ? text[text.size() - 2] : text.back();
  return (last >= '0' && last <= '9') || text.find(':') != std::string_view::npos;
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
      set_end = find_set_end(text, at);
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
  if (is_ascii(text)) {
    name = to_lower(text);
    return {};
  }
  if (text.find('[') != std::string_view::npos) {
    return "has letters outside ASCII and [seq]: write the labels as xn--...";
  }
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    const bool is_wild = has_wildcard(label);
    const auto converted = to_a_labels(label);
    if (!converted || (is_wild && *converted != to_lower(label))) {
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
  if (take_simple_name(text, out.name)) {
    return {};
  }
  out.name.clear();
  const bool is_adblock = text.starts_with("||");
  if (is_adblock) {
    if (!text.ends_with('^')) {
      return "begins with || but does not end with ^";
    }
    text = text.substr(2, text.size() - 3);
  }
  if (!text.empty() && may_be_address(text)) {
    if (auto literal = normalized_host(text); literal && base::IpAddress::parse(*literal)) {
      out.kind = is_adblock ? Kind::AtOrBelow : Kind::Exact;
      out.is_address = !is_adblock;
      out.name = std::move(*literal);
      return {};
    }
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
  const bool is_below = !is_adblock && text.starts_with("*.") && !has_wildcard(text.substr(2));
  if (is_below) {
    text.remove_prefix(2);
  }
  if (has_wildcard(text)) {
    out.kind = Kind::Wildcard;
    if (is_adblock || text.size() > kHostNameOctetsMax) {
      return is_adblock ? "has a wildcard between || and ^" : "is longer than " + std::to_string(kHostNameOctetsMax) + " octets";
    }
    std::string wrong = normalize_wildcard(text, out.name);
    // Also one that was written with characters which stand for nothing.
    const bool has_empty_label = out.name.starts_with('.') || out.name.ends_with('.') || out.name.find("..") != std::string::npos;
    return wrong.empty() && has_empty_label ? "has an empty label, which no host has" : wrong;
  }
  auto name = to_a_labels(text);
  if (!name) {
    return "is not a name that IDNA knows";
  }
  out.kind = is_adblock ? Kind::AtOrBelow : is_below ? Kind::Below : Kind::Exact;
  out.name = std::move(*name);
  return find_bad_label(out.name);
}

// How many octets the character at the beginning of `text` has; 0 when it is a control character or no UTF-8.
std::size_t printable_octets(std::string_view text) {
  const auto octet = [text](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
  const unsigned first = octet(0);
  if (first < 0x80) {
    return first < 0x20 || first == 0x7f ? 0 : 1;
  }
  const std::size_t octets = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  // No C1 controls, overlong forms, surrogates, nor what is beyond U+10FFFF (RFC 3629).
  const unsigned least = first == 0xc2 ? 0xa0 : first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned greatest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (first < 0xc2 || first > 0xf4 || octet(1) < least || octet(1) > greatest) {
    return 0;
  }
  for (std::size_t at = 2; at < octets; ++at) {
    if (octet(at) < 0x80 || octet(at) > 0xbf) {
      return 0;
    }
  }
  return octets;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShownOctetsMax = 80;
  std::string shown;
  for (std::size_t at = 0; at < text.size() && shown.size() < kShownOctetsMax;) {
    const std::size_t octets = printable_octets(text.substr(at));
    shown += octets == 0 ? "?" : text.substr(at, octets);
    at += std::max<std::size_t>(octets, 1);
  }
  return "\"" + shown + (text.size() > kShownOctetsMax ? "..." : "") + "\"";
}

std::string rule_text(Kind kind, bool is_plain, bool is_exception, std::string_view name) {
  std::string text = is_exception ? "@@" : "";
  const bool has_bars = kind == Kind::AtOrBelow && !is_plain;
  text += has_bars ? "||" : kind == Kind::Below ? "*." : "";
  text += name;
  return has_bars ? text + "^" : text;
}

std::optional<RulePattern> parse_rule_pattern(std::string_view text, std::string& error) {
  RulePattern pattern;
  const std::string wrong = parse(text, pattern);
  if (wrong.empty()) {
    return pattern;
  }
  error = in_quotes(text) + " " + wrong;
  return std::nullopt;
}

}  // namespace weir::policy
