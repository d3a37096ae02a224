// Character classes of HTTP/1.1 (RFC 9110 section 5.6.2, RFC 9112 section 2.2), by table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http1 {

namespace character_class {
inline constexpr std::uint8_t kToken = 1;
inline constexpr std::uint8_t kFieldText = 2;  // field-value: VCHAR, obs-text, SP, HTAB
inline constexpr std::uint8_t kDigit = 4;
inline constexpr std::uint8_t kHexDigit = 8;
inline constexpr std::uint8_t kAlpha = 16;
inline constexpr std::uint8_t kTargetText = 32;  // what a request-target may hold: no controls, no space
}  // namespace character_class

constexpr std::array<std::uint8_t, 256> make_character_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool token = alpha || digit || (c < 0x80 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos);
    table[c] = static_cast<std::uint8_t>((token ? character_class::kToken : 0) |
                                         ((c >= 0x20 && c != 0x7f) || c == '\t' ? character_class::kFieldText : 0) |
                                         (digit ? character_class::kDigit : 0) | (hex ? character_class::kHexDigit : 0) |
                                         (alpha ? character_class::kAlpha : 0) |
                                         (c > 0x20 && c != 0x7f ? character_class::kTargetText : 0));
  }
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kCharacterTable = make_character_table();

constexpr bool is_in(char c, std::uint8_t classes) { return (kCharacterTable[static_cast<unsigned char>(c)] & classes) != 0; }

constexpr bool all_in(std::string_view text, std::uint8_t classes) {
  for (const char c : text) {
    if (!is_in(c, classes)) {
      return false;
    }
  }
  return true;
}

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Equality without regard to ASCII case.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) {
      return false;
    }
  }
  return true;
}

// Without the optional white space (SP and HTAB, RFC 9110 section 5.6.3) around it.
constexpr std::string_view trim_optional_white_space(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace weir::http1
