// One wildcard pattern with the semantics of Python's fnmatch: * ? [seq] [!seq], no escape character, a [ without ] is
// itself. Bytes, not characters; the caller folds case. Pure.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::policy {

class Glob {
 public:
  explicit Glob(std::string_view pattern);

  // Takes at most (length of the pattern) x (length of the text) steps.
  bool matches(std::string_view text) const;

  static bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("*?[") != std::string_view::npos; }
  // Where the ] stands that closes the sequence opened by the [ at `open`; npos when there is none.
  static std::size_t find_set_end(std::string_view pattern, std::size_t open);

 private:
  using ByteSet = std::bitset<256>;
  enum class Kind : std::uint8_t { Byte, Any, Star, Set };
  struct Token {
    Kind kind = Kind::Any;
    char byte = 0;          // of Kind::Byte
    std::uint32_t set = 0;  // of Kind::Set: which of sets_
  };

  static ByteSet parse_set(std::string_view sequence);
  bool accepts(const Token& token, char byte) const;
  bool fits_the_end(std::string_view text) const;

  std::vector<Token> tokens_;
  std::vector<ByteSet> sets_;
};

}  // namespace weir::policy
