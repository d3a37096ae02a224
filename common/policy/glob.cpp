#include "common/policy/glob.h"

namespace weir::policy {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

// Whether `byte` is among what stands between [ and ]. A range whose ends are swapped is empty, as in Python; a - at
// either end is a member.
bool set_contains(std::string_view sequence, char byte) {
  const bool is_negated = sequence.front() == '!';
  if (is_negated) {
    sequence.remove_prefix(1);
  }
  const auto wanted = static_cast<unsigned char>(byte);
  bool is_member = false;
  for (std::size_t at = 0; at < sequence.size() && !is_member; ++at) {
    if (at + 2 >= sequence.size() || sequence[at + 1] != '-') {
      is_member = sequence[at] == byte;
      continue;
    }
    is_member = static_cast<unsigned char>(sequence[at]) <= wanted && wanted <= static_cast<unsigned char>(sequence[at + 2]);
    at += 2;
  }
  return is_member != is_negated;
}

// Where the pattern goes on when what stands at `at`, which is no star, accepts `byte`; kNone when it does not.
std::size_t accept(std::string_view pattern, std::size_t at, char byte) {
  const char c = pattern[at];
  if (c == '[') {
    if (const std::size_t end = find_set_end(pattern, at); end != kNone) {
      return set_contains(pattern.substr(at + 1, end - at - 1), byte) ? end + 1 : kNone;
    }
  }
  return c == '?' || c == byte ? at + 1 : kNone;
}

// Where the token after a star can begin at the earliest: most often it is a byte that stands for itself.
std::size_t find_first(std::string_view pattern, std::size_t token, std::string_view text, std::size_t at) {
  const bool is_itself = token < pattern.size() && pattern[token] != '*' && pattern[token] != '?' && pattern[token] != '[';
  return is_itself ? text.find(pattern[token], at) : at;
}

}  // namespace

std::size_t find_set_end(std::string_view pattern, std::size_t open) {
  std::size_t first = open + 1;
  if (first < pattern.size() && pattern[first] == '!') {
    ++first;
  }
  return pattern.find(']', first + 1);  // A ] that comes first is a member.
}

// When something does not fit, only the last star can take one byte more: an earlier one could not do better.
bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t token = 0;
  std::size_t at = 0;
  std::size_t after_star = kNone;
  std::size_t star_ends_at = 0;
  while (at < text.size()) {
    if (token < pattern.size() && pattern[token] == '*') {
      after_star = ++token;
      at = star_ends_at = find_first(pattern, token, text, at);
      if (at == kNone) {
        return false;
      }
      continue;
    }
    const std::size_t next = token < pattern.size() ? accept(pattern, token, text[at]) : kNone;
    if (next != kNone) {
      token = next;
      ++at;
    } else if (after_star != kNone) {
      token = after_star;
      at = star_ends_at = find_first(pattern, token, text, star_ends_at + 1);
      if (at == kNone) {
        return false;
      }
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', token) == std::string_view::npos;
}

}  // namespace weir::policy
