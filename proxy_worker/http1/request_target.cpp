#include "proxy_worker/http1/request_target.h"

#include <algorithm>

#include "common/base/quantity.h"
#include "proxy_worker/http1/character.h"

namespace weir::http1 {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::size_t kNameBytesMax = 253;  // RFC 1035 section 2.3.4, without the trailing dot
constexpr std::size_t kLabelBytesMax = 63;

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax && std::all_of(label.begin(), label.end(), [](char c) {
    return is_in(c, character_class::kAlpha | character_class::kDigit) || c == '-' || c == '_';
  });
}

// A name whose last label is a number, in any spelling that some resolver takes for an address (127.1, 0x7f.1,
// 2130706433), is either a proper dotted quad or nothing: such spellings only serve to slip past address checks.
bool looks_like_number(std::string_view label) {
  if (all_in(label, character_class::kDigit)) {
    return true;
  }
  return label.size() >= 2 && label[0] == '0' && to_lower(label[1]) == 'x' && all_in(label.substr(2), character_class::kHexDigit);
}

bool parse_name(std::string_view text, Authority& out) {
  if (!text.empty() && text.back() == '.') {
    text.remove_suffix(1);
  }
  if (text.empty() || text.size() > kNameBytesMax) {
    return false;
  }
  std::size_t label_begin = 0;
  std::string_view label;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at == text.size() || text[at] == '.') {
      label = text.substr(label_begin, at - label_begin);
      if (!is_label(label)) {
        return false;
      }
      label_begin = at + 1;
    }
  }
  out.host.resize(text.size());
  std::transform(text.begin(), text.end(), out.host.begin(), to_lower);
  out.literal.reset();
  if (looks_like_number(label)) {
    out.literal = base::IpAddress::parse(out.host);
    return out.literal.has_value();
  }
  return true;
}

bool parse_bracketed(std::string_view text, Authority& out) {
  const auto address = base::IpAddress::parse(text);
  if (!address || text.find(':') == std::string_view::npos) {
    return false;
  }
  out.literal = address;
  out.host = address->to_string();
  return true;
}

bool parse_port(std::string_view text, std::uint16_t default_port, Authority& out) {
  if (text.empty()) {
    out.port = default_port;
    return default_port != 0;
  }
  if (text.front() != ':') {
    return false;
  }
  text.remove_prefix(1);
  if (text.empty()) {  // "host:" is a valid authority with the default port (RFC 3986 section 3.2.3)
    out.port = default_port;
    return default_port != 0;
  }
  const auto port = base::parse_decimal(text, 65535);
  out.port = static_cast<std::uint16_t>(port.value_or(0));
  return out.port != 0;
}

TargetError parse_absolute(std::string_view method, std::string_view target, RequestTarget& out) {
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) {
    return TargetError::WrongForm;
  }
  const std::string_view scheme = target.substr(0, scheme_end);
  if (equals_ignoring_case(scheme, "https")) {
    return TargetError::HttpsNeedsConnect;
  }
  if (!equals_ignoring_case(scheme, "http")) {
    return TargetError::UnsupportedScheme;
  }
  const std::string_view rest = target.substr(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  if (!parse_authority(rest.substr(0, authority_end), kHttpPort, out.authority)) {
    return TargetError::BadAuthority;
  }
  out.form = TargetForm::Absolute;
  out.authority_text = rest.substr(0, authority_end);
  if (out.authority_text.back() == ':') {
    out.authority_text.remove_suffix(1);
  }
  const std::string_view path = rest.substr(authority_end);
  out.path_and_query = path.substr(0, path.find('#'));
  return method == "CONNECT" ? TargetError::WrongForm : TargetError::None;
}

}  // namespace

std::string_view describe(TargetError error) {
  switch (error) {
    case TargetError::None:
      return "the request target is well-formed";
    case TargetError::BadAuthority:
      return "the host or port in the request target is not valid";
    case TargetError::BadPath:
      return "the path in the request target is not valid";
    case TargetError::UnsupportedScheme:
      return "only http:// targets can be forwarded; https goes through CONNECT";
    case TargetError::HttpsNeedsConnect:
      return "an https:// target needs a CONNECT tunnel; it is never sent in plain text";
    case TargetError::WrongForm:
      return "the request target does not have the form that its method needs";
  }
  return "the request target is malformed";
}

std::string Authority::to_string(std::uint16_t default_port) const {
  std::string text = literal && !literal->is_v4() ? "[" + host + "]" : host;
  if (port != default_port) {
    text += ":" + std::to_string(port);
  }
  return text;
}

bool parse_authority(std::string_view text, std::uint16_t default_port, Authority& out) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    return close != std::string_view::npos && parse_bracketed(text.substr(1, close - 1), out) &&
           parse_port(text.substr(close + 1), default_port, out);
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return parse_name(text.substr(0, colon), out) && parse_port(text.substr(colon), default_port, out);
}

TargetError parse_request_target(std::string_view method, std::string_view target, RequestTarget& out) {
  out.path_and_query = {};
  out.authority_text = {};
  if (method == "CONNECT") {
    out.form = TargetForm::Authority;
    return parse_authority(target, 0, out.authority) ? TargetError::None : TargetError::BadAuthority;
  }
  if (target == "*") {
    out.form = TargetForm::Asterisk;
    return method == "OPTIONS" ? TargetError::None : TargetError::WrongForm;
  }
  if (target.starts_with('/')) {
    out.form = TargetForm::Origin;
    out.path_and_query = target;
    return TargetError::None;
  }
  return parse_absolute(method, target, out);
}

}  // namespace weir::http1
