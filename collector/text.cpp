#include "collector/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::collector {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
// Octets that are looked at together. first_special() gives the first of them that is below 0x20, '"', '\\', DEL or not
// ASCII; kBytes when none is.
#if defined(__SSE2__)

struct Block {
  static constexpr std::size_t kBytes = 16;
  __m128i octets;

  explicit Block(const char* from) : octets(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))) {}
  void store(char* to) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), octets); }

  std::size_t first_special() const {
    const __m128i control_or_high = _mm_cmplt_epi8(octets, _mm_set1_epi8(0x20));  // signed: what is not ASCII is negative
    const __m128i quote = _mm_cmpeq_epi8(octets, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(octets, _mm_set1_epi8('\\'));
    const __m128i del = _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7F));
    const __m128i special = _mm_or_si128(_mm_or_si128(control_or_high, quote), _mm_or_si128(backslash, del));
    return static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(_mm_movemask_epi8(special)) | 1u << kBytes));
  }
};

#else

struct Block {
  static constexpr std::size_t kBytes = 8;
  std::uint64_t octets = 0;

  explicit Block(const char* from) { std::memcpy(&octets, from, kBytes); }
  void store(char* to) const { std::memcpy(to, &octets, kBytes); }

  // A borrow can mark an octet wrongly only above one that is marked rightly, so the lowest mark is always right.
  std::size_t first_special() const {
    static_assert(std::endian::native == std::endian::little);
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    const std::uint64_t control = octets - kOnes * 0x20;
    const std::uint64_t quote = (octets ^ kOnes * '"') - kOnes;
    const std::uint64_t backslash = (octets ^ kOnes * '\\') - kOnes;
    const std::uint64_t del = (octets ^ kOnes * 0x7F) - kOnes;
    const std::uint64_t special = (octets | control | quote | backslash | del) & kHighBits;
    return static_cast<std::size_t>(std::countr_zero(special)) / 8;
  }
};

#endif

bool is_special(unsigned char octet) { return octet < 0x20 || octet >= 0x7F || octet == '"' || octet == '\\'; }

// How many octets from the beginning need no escape.
std::size_t plain_prefix(std::string_view octets) {
  std::size_t length = 0;
  for (; length + Block::kBytes <= octets.size(); length += Block::kBytes) {
    if (const std::size_t special = Block(octets.data() + length).first_special(); special < Block::kBytes) {
      return length + special;
    }
  }
  while (length < octets.size() && !is_special(static_cast<unsigned char>(octets[length]))) {
    ++length;
  }
  return length;
}

// How an ASCII character stands in a JSON string. Eight octets, so that one store writes any of them.
struct JsonForm {
  std::array<char, 7> text{};
  std::uint8_t length = 0;
};
static_assert(sizeof(JsonForm) == sizeof(std::uint64_t));

constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr JsonForm json_form(char character) {
  switch (character) {
    case '"':
      return {{'\\', '"'}, 2};
    case '\\':
      return {{'\\', '\\'}, 2};
    case '\r':
      return {{'\\', 'r'}, 2};
    case '\n':
      return {{'\\', 'n'}, 2};
    case '\t':
      return {{'\\', 't'}, 2};
    default:
      break;
  }
  const auto octet = static_cast<unsigned char>(character);
  if (octet < 0x20 || octet == 0x7F) {
    return {{'\\', 'u', '0', '0', kHexDigits[octet >> 4], kHexDigits[octet & 15]}, 6};
  }
  return {{character}, 1};
}

constexpr std::array<JsonForm, 128> make_json_forms() {
  std::array<JsonForm, 128> forms;
  for (std::size_t octet = 0; octet < forms.size(); ++octet) {
    forms[octet] = json_form(static_cast<char>(octet));
  }
  return forms;
}

constexpr std::array<JsonForm, 128> kJsonForms = make_json_forms();

char* write_ascii(char* out, char character) {
  const JsonForm& form = kJsonForms[static_cast<unsigned char>(character)];
  std::memcpy(out, &form, sizeof form);
  return out + form.length;
}

char* write_octets(char* out, std::string_view octets) {
  std::memcpy(out, octets.data(), octets.size());
  return out + octets.size();
}

// Writes the character that `octets` begins with, and passes over it.
char* write_character(char* out, std::string_view& octets) {
  const auto first = static_cast<unsigned char>(octets.front());
  if (first < 0x80) {
    octets.remove_prefix(1);
    return write_ascii(out, static_cast<char>(first));
  }
  const std::size_t length = std::max<std::size_t>(utf8_sequence_length(octets), 1);
  const std::string_view character = octets.substr(0, length);
  octets.remove_prefix(length);
  if (length == 1) {
    return write_octets(out, kReplacement);
  }
  if (first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0) {  // C1 control
    const auto second = static_cast<unsigned char>(character[1]);
    const std::array<char, 6> escape{'\\', 'u', '0', '0', kHexDigits[second >> 4], kHexDigits[second & 15]};
    return write_octets(out, {escape.data(), escape.size()});
  }
  return write_octets(out, character);
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

// Block by block: stored whole, of which what is before the first special octet counts, then that one by itself.
char* write_json_text(char* out, std::string_view octets) {
  *out++ = '"';
  while (octets.size() >= Block::kBytes) {
    const Block block(octets.data());
    block.store(out);
    const std::size_t plain = block.first_special();
    out += plain;
    octets.remove_prefix(plain);
    if (plain == Block::kBytes) {
      continue;
    }
    if (octets.starts_with("\r\n")) {  // by far the most frequent: heads are full of it
      out = write_octets(out, "\\r\\n");
      octets.remove_prefix(2);
    } else {
      out = write_character(out, octets);
    }
  }
  while (!octets.empty()) {
    out = write_character(out, octets);
  }
  *out++ = '"';
  return out;
}

}  // namespace weir::collector
