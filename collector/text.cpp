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
// Octets that are looked at together. specials() has a bit for each of them, from the lowest up, which is set when the
// octet is below 0x20, '"', '\\', DEL or not ASCII.
#if defined(__SSE2__)

struct Block {
  static constexpr std::size_t kBytes = 16;
  __m128i octets;

  explicit Block(const char* from) : octets(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))) {}

  std::uint64_t specials() const {
    const __m128i control_or_high = _mm_cmplt_epi8(octets, _mm_set1_epi8(0x20));  // signed: what is not ASCII is negative
    const __m128i quote = _mm_cmpeq_epi8(octets, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(octets, _mm_set1_epi8('\\'));
    const __m128i del = _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7F));
    const __m128i special = _mm_or_si128(_mm_or_si128(control_or_high, quote), _mm_or_si128(backslash, del));
    return static_cast<unsigned>(_mm_movemask_epi8(special));
  }
};

#else

struct Block {
  static constexpr std::size_t kBytes = 8;
  std::uint64_t octets = 0;

  explicit Block(const char* from) { std::memcpy(&octets, from, kBytes); }

  // Each octet is looked at in its lower seven bits, so that no carry or borrow reaches the next.
  std::uint64_t specials() const {
    static_assert(std::endian::native == std::endian::little);
    const std::uint64_t low = octets & ~kHighBits;
    const std::uint64_t plain = ((low | kHighBits) - kOnes * 0x20) & differs(low, '"') & differs(low, '\\') & differs(low, 0x7F);
    constexpr std::uint64_t kGatherHighBits = 0x0002040810204081;
    return (((octets | ~plain) & kHighBits) >> 7) * (kGatherHighBits << 7) >> 56;
  }

 private:
  static constexpr std::uint64_t kOnes = 0x0101010101010101;
  static constexpr std::uint64_t kHighBits = 0x8080808080808080;
  // The high bit of each octet whose lower seven bits are not `character`.
  static constexpr std::uint64_t differs(std::uint64_t low, std::uint64_t character) {
    return (low ^ kOnes * character) + ~kHighBits;
  }
};

#endif

bool is_special(unsigned char octet) { return octet < 0x20 || octet >= 0x7F || octet == '"' || octet == '\\'; }

// How many octets from the beginning need no escape.
std::size_t plain_prefix(std::string_view octets) {
  std::size_t length = 0;
  for (; length + Block::kBytes <= octets.size(); length += Block::kBytes) {
    if (const std::uint64_t specials = Block(octets.data() + length).specials(); specials != 0) {
      return length + static_cast<std::size_t>(std::countr_zero(specials));
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

// Octets whose specials are looked for before any of them is written.
constexpr std::size_t kGroupBytes = 64;
// What is copied at once.
constexpr std::size_t kCopyBytes = 32;

std::uint64_t specials_of_group(const char* octets) {
  std::uint64_t specials = 0;
  for (std::size_t at = 0; at < kGroupBytes; at += Block::kBytes) {
    specials |= Block(octets + at).specials() << at;
  }
  return specials;
}

// May read and write up to kCopyBytes more than `bytes`: most runs are short, and their lengths hard to foresee.
char* copy_run(char* out, const char* from, std::size_t bytes) {
  std::size_t at = 0;
  do {
    std::memcpy(out + at, from + at, kCopyBytes);
    at += kCopyBytes;
  } while (at < bytes);
  return out + bytes;
}

// Writes the first `count` octets, at most a group of them, and with them all of a character that begins there. Gives in
// `octets` what is left. A group and kCopyBytes can be read from their beginning.
char* write_group(char* out, std::string_view& octets, std::size_t count) {
  const char* const group = octets.data();
  std::uint64_t specials = specials_of_group(group) & (~std::uint64_t{0} >> (kGroupBytes - count));
  std::size_t done = 0;
  while (specials != 0) {
    const auto special = static_cast<std::size_t>(std::countr_zero(specials));
    specials &= specials - 1;
    out = copy_run(out, group + done, special - done);
    done = special + 1;
    // Most specials of a head end its lines.
    if (group[special] == '\r' && done < count && group[done] == '\n') {
      std::memcpy(out, "\\r\\n", 4);
      out += 4;
      ++done;
      specials &= specials - 1;
      continue;
    }
    if (static_cast<unsigned char>(group[special]) < 0x80) {
      out = write_ascii(out, group[special]);
      continue;
    }
    std::string_view rest = octets.substr(special);
    out = write_character(out, rest);
    done = octets.size() - rest.size();
    specials = done < kGroupBytes ? specials & (~std::uint64_t{0} << done) : 0;
  }
  if (done < count) {
    out = copy_run(out, group + done, count - done);
    done = count;
  }
  octets.remove_prefix(done);
  return out;
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

char* write_json_octets(char* out, std::string_view octets, std::size_t readable_behind) {
  while (!octets.empty() && octets.size() + readable_behind >= kGroupBytes + kCopyBytes) {
    out = write_group(out, octets, std::min(octets.size(), kGroupBytes));
  }
  if (octets.size() < Block::kBytes) {
    while (!octets.empty()) {
      out = write_character(out, octets);
    }
    return out;
  }
  // From a copy, behind which more can be read.
  std::array<char, 2 * (kGroupBytes + kCopyBytes)> copy;
  std::memcpy(copy.data(), octets.data(), octets.size());
  std::string_view rest(copy.data(), octets.size());
  while (!rest.empty()) {
    out = write_group(out, rest, std::min(rest.size(), kGroupBytes));
  }
  return out;
}

char* write_json_text(char* out, std::string_view octets) {
  *out++ = '"';
  out = write_json_octets(out, octets);
  *out++ = '"';
  return out;
}

}  // namespace weir::collector
