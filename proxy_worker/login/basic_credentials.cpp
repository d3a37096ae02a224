#include "proxy_worker/login/basic_credentials.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "proxy_worker/http1/character.h"

namespace weir::login {

namespace {

constexpr std::string_view kScheme = "basic";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 section 4. Padding may be left out, as some clients do.
std::optional<std::string> decode_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') {
    text.remove_suffix(1);
  }
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xfff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  return count < 6 ? std::optional(out) : std::nullopt;  // A single character left over encodes nothing.
}

}  // namespace

std::optional<Credentials> parse_basic_credentials(std::string_view field_value) {
  const std::size_t space = field_value.find(' ');
  if (space == std::string_view::npos || !http1::equals_ignoring_case(field_value.substr(0, space), kScheme)) {
    return std::nullopt;
  }
  const auto text = decode_base64(http1::trim_optional_white_space(field_value.substr(space + 1)));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  const bool has_controls = text && std::any_of(text->begin(), text->end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
  if (colon == std::string::npos || colon == 0 || text->size() > kCredentialsBytesMax || has_controls) {
    return std::nullopt;
  }
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

}  // namespace weir::login
