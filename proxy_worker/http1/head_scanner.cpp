#include "proxy_worker/http1/head_scanner.h"

#include "proxy_worker/http1/character.h"

namespace weir::http1 {

HeadScanner::Result HeadScanner::scan(std::string_view bytes) {
  std::size_t at = scanned_;
  while (at < bytes.size()) {
    if (is_in(bytes[at], character_class::kFieldText)) {
      ++at;
      continue;
    }
    if (bytes[at] != '\r') {
      return Result::Invalid;
    }
    if (at + 1 == bytes.size()) {
      break;  // Its LF has not arrived: look at this CR again.
    }
    if (bytes[at + 1] != '\n') {
      return Result::Invalid;
    }
    const bool is_empty_line = at == line_begin_;
    at += 2;
    line_begin_ = at;
    if (is_empty_line) {
      scanned_ = at;
      return Result::Complete;
    }
  }
  scanned_ = at;
  return Result::Incomplete;
}

}  // namespace weir::http1
