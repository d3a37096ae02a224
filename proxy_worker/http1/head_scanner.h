// Finds the end of a head in bytes that arrive piece by piece, and refuses at once what no head may contain, so that
// garbage is answered without waiting for more of it.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::http1 {

class HeadScanner {
 public:
  enum class Result { Incomplete, Complete, Invalid };

  // `bytes` holds the head from its first octet: what was given before, and more. Invalid: a control character, a bare
  // CR or a bare LF (RFC 9112 section 2.2).
  Result scan(std::string_view bytes);
  // After Complete: octets of the head with the empty line that ends it.
  std::size_t head_bytes() const { return scanned_; }
  void reset() { *this = HeadScanner(); }

 private:
  std::size_t scanned_ = 0;
  std::size_t line_begin_ = 0;
};

}  // namespace weir::http1
