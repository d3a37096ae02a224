#include "collector/text.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace weir::collector {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

constexpr std::uint64_t every_octet(unsigned char octet) { return kOnes * octet; }

// Marks, of eight octets, those that are below 0x20, '"', '\', DEL or not ASCII. A borrow can mark an octet wrongly only
// above one that is marked rightly, so the lowest mark is always right.
std::uint64_t special_octets(std::uint64_t eight) {
  const std::uint64_t control = eight - every_octet(0x20);
  const std::uint64_t quote = (eight ^ every_octet('"')) - kOnes;
  const std::uint64_t backslash = (eight ^ every_octet('\\')) - kOnes;
  const std::uint64_t del = (eight ^ every_octet(0x7F)) - kOnes;
  return (eight | control | quote | backslash | del) & kHighBits;
}

bool is_special(unsigned char octet) { return octet < 0x20 || octet >= 0x7F || octet == '"' || octet == '\\'; }

// How many octets from the beginning need no escape.
std::size_t plain_prefix(std::string_view octets) {
  static_assert(std::endian::native == std::endian::little);
  std::size_t length = 0;
  for (; length + sizeof(std::uint64_t) <= octets.size(); length += sizeof(std::uint64_t)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, octets.data() + length, sizeof eight);
    if (const std::uint64_t special = special_octets(eight); special != 0) {
      return length + static_cast<std::size_t>(std::countr_zero(special)) / 8;
    }
  }
  while (length < octets.size() && !is_special(static_cast<unsigned char>(octets[length]))) {
    ++length;
  }
  return length;
}

void append_escape(std::string& out, unsigned char octet) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (octet) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
  }
}

// Appends the character that `octets` begins with and gives how many octets it took.
std::size_t append_special(std::string& out, std::string_view octets) {
  const auto first = static_cast<unsigned char>(octets.front());
  if (octets.starts_with("\r\n")) {  // by far the most frequent: heads are full of it
    out.append("\\r\\n", 4);
    return 2;
  }
  if (first < 0x80) {
    append_escape(out, first);
    return 1;
  }
  const std::size_t length = utf8_sequence_length(octets);
  if (length == 0) {
    out += kReplacement;
    return 1;
  }
  if (first == 0xC2 && static_cast<unsigned char>(octets[1]) < 0xA0) {  // C1 control
    append_escape(out, static_cast<unsigned char>(octets[1]));
  } else {
    out += octets.substr(0, length);
  }
  return length;
}

}  // namespace

std::size_t utf8_sequence_length(std::string_view octets) {
  const auto at = [&](std::size_t index) { return index < octets.size() ? static_cast<unsigned char>(octets[index]) : 0u; };
  const auto follows = [&](std::size_t index, unsigned low = 0x80, unsigned high = 0xBF) {
    return at(index) >= low && at(index) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) {
    return octets.empty() ? 0 : 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    return follows(1) ? 2 : 0;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::string_view clean_text(std::string_view octets, std::string& scratch) {
  std::size_t good = 0;
  bool is_clean = true;
  scratch.clear();
  while (good < octets.size()) {
    const std::string_view rest = octets.substr(good);
    const std::size_t length = rest.front() == '\0' ? 0 : utf8_sequence_length(rest);
    if (length == 0 && is_clean) {
      scratch.assign(octets.substr(0, good));
      is_clean = false;
    }
    if (!is_clean) {
      scratch += length == 0 ? kReplacement : rest.substr(0, length);
    }
    good += length == 0 ? 1 : length;
    if (is_clean) {
      good += plain_prefix(octets.substr(good));
    }
  }
  return is_clean ? octets : std::string_view(scratch);
}

void append_json_text(std::string& out, std::string_view octets) {
  out += '"';
  while (!octets.empty()) {
    const std::size_t plain = plain_prefix(octets);
    out.append(octets.data(), plain);
    octets.remove_prefix(plain);
    if (!octets.empty()) {
      octets.remove_prefix(append_special(out, octets));
    }
  }
  out += '"';
}

}  // namespace weir::collector
