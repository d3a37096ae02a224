#include "common/policy/glob.h"

namespace weir::policy {

std::size_t Glob::find_set_end(std::string_view pattern, std::size_t open) {
  std::size_t first = open + 1;
  if (first < pattern.size() && pattern[first] == '!') {
    ++first;
  }
  return pattern.find(']', first + 1);  // A ] that comes first is a member.
}

Glob::Glob(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '*') {
      if (tokens_.empty() || tokens_.back().kind != Kind::Star) {
        tokens_.push_back({.kind = Kind::Star});
      }
    } else if (c == '?') {
      tokens_.push_back({.kind = Kind::Any});
    } else if (const std::size_t end = c == '[' ? find_set_end(pattern, at) : std::string_view::npos;
               end != std::string_view::npos) {
      tokens_.push_back({.kind = Kind::Set, .set = static_cast<std::uint32_t>(sets_.size())});
      sets_.push_back(parse_set(pattern.substr(at + 1, end - at - 1)));
      at = end;
    } else {
      tokens_.push_back({.kind = Kind::Byte, .byte = c});
    }
  }
}

// What stands between [ and ]. A range whose ends are swapped is empty, as in Python; a - at either end is a member.
Glob::ByteSet Glob::parse_set(std::string_view sequence) {
  const bool is_negated = sequence.front() == '!';
  if (is_negated) {
    sequence.remove_prefix(1);
  }
  ByteSet set;
  for (std::size_t at = 0; at < sequence.size(); ++at) {
    const auto first = static_cast<unsigned char>(sequence[at]);
    if (at + 2 >= sequence.size() || sequence[at + 1] != '-') {
      set.set(first);
      continue;
    }
    const auto last = static_cast<unsigned char>(sequence[at + 2]);
    for (unsigned byte = first; byte <= last; ++byte) {
      set.set(byte);
    }
    at += 2;
  }
  return is_negated ? ~set : set;
}

bool Glob::accepts(const Token& token, char byte) const {
  switch (token.kind) {
    case Kind::Byte:
      return token.byte == byte;
    case Kind::Set:
      return sets_[token.set].test(static_cast<unsigned char>(byte));
    case Kind::Any:
      return true;
    case Kind::Star:
      break;
  }
  return false;
}

// What stands after the last star matches the text's last bytes or nothing does: most texts are refused by one look.
bool Glob::fits_the_end(std::string_view text) const {
  std::size_t left = text.size();
  for (std::size_t token = tokens_.size(); token > 0 && tokens_[token - 1].kind != Kind::Star; --token) {
    if (left == 0 || !accepts(tokens_[token - 1], text[--left])) {
      return false;
    }
  }
  return true;
}

// When something does not fit, only the last star can take one byte more: an earlier one could not do better.
bool Glob::matches(std::string_view text) const {
  if (!fits_the_end(text)) {
    return false;
  }
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t token = 0;
  std::size_t at = 0;
  std::size_t after_star = kNone;
  std::size_t star_ends_at = 0;
  while (at < text.size()) {
    if (token < tokens_.size() && tokens_[token].kind == Kind::Star) {
      after_star = ++token;
      star_ends_at = at;
    } else if (token < tokens_.size() && accepts(tokens_[token], text[at])) {
      ++token;
      ++at;
    } else if (after_star != kNone) {
      token = after_star;
      at = ++star_ends_at;
    } else {
      return false;
    }
  }
  while (token < tokens_.size() && tokens_[token].kind == Kind::Star) {
    ++token;
  }
  return token == tokens_.size();
}

}  // namespace weir::policy
