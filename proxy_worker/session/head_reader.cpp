#include "proxy_worker/session/head_reader.h"

namespace weir::session {

namespace {

constexpr std::size_t kEmptyLinesMax = 8;  // before a request line (RFC 9112 section 2.2)

}  // namespace

// Octets of the empty lines at the beginning of `text`, which are passed over.
std::size_t HeadReader::empty_lines_bytes(std::string_view text) {
  std::size_t bytes = 0;
  while (empty_lines_ < kEmptyLinesMax && text.substr(bytes, 2) == "\r\n") {
    bytes += 2;
    ++empty_lines_;
  }
  return bytes;
}

HeadReader::Result HeadReader::take(std::span<char> bytes) {
  if (!leftover_.empty()) {
    leftover_.append(bytes.data(), bytes.size());
    return take_leftover();
  }
  bytes = bytes.subspan(empty_lines_bytes({bytes.data(), bytes.size()}));
  const Result result = scan(bytes);
  if (result == Result::Incomplete) {
    keep(bytes);
  }
  return result;
}

HeadReader::Result HeadReader::take_leftover() {
  // It moves out of the way of what comes behind.
  std::string().swap(moved_);
  moved_.swap(leftover_);
  moved_.erase(0, empty_lines_bytes(moved_));
  const Result result = scan(moved_);
  if (result == Result::Incomplete) {
    leftover_.swap(moved_);
  }
  return result;
}

HeadReader::Result HeadReader::scan(std::span<char> bytes) {
  const std::string_view text(bytes.data(), bytes.size());
  const auto scanned = scanner_.scan(text);
  head_ = scanned == http1::HeadScanner::Result::Complete ? text.substr(0, scanner_.head_bytes()) : text;
  rest_ = bytes.subspan(head_.size());
  if (scanned == http1::HeadScanner::Result::Invalid) {
    return Result::Invalid;
  }
  if (head_.size() > kHeadBytesMax) {
    return text.find("\r\n") == std::string_view::npos ? Result::TooLong : Result::TooLarge;
  }
  return scanned == http1::HeadScanner::Result::Complete ? Result::Complete : Result::Incomplete;
}

}  // namespace weir::session
