#include "bench/load/response_reader.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace weir::load {

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLengthName = "Content-Length:";

// The value of Content-Length; the body's own octets cannot be mistaken for it. npos when there is none.
std::size_t content_length(std::string_view head) {
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line)) {
    line += 2;
    std::string_view field = head.substr(line);
    if (field.size() <= kLengthName.size() || ::strncasecmp(field.data(), kLengthName.data(), kLengthName.size()) != 0) {
      continue;
    }
    field.remove_prefix(kLengthName.size());
    field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
    std::size_t value = 0;
    return std::from_chars(field.data(), field.data() + field.size(), value).ec == std::errc() ? value : std::string_view::npos;
  }
  return std::string_view::npos;
}

}  // namespace

void ResponseReader::restart(HeadOnly head_only) {
  head_only_ = head_only;
  head_.clear();
  is_head_complete_ = false;
  body_taken_ = 0;
}

ResponseReader::State ResponseReader::take(std::string_view octets) {
  if (is_head_complete_) {
    return take_body(octets);
  }
  head_ += octets;
  const std::size_t end = head_.find(kHeadEnd);
  if (end == std::string::npos) {
    return State::Incomplete;
  }
  is_head_complete_ = true;
  const std::string rest = head_.substr(end + kHeadEnd.size());
  head_.resize(end + kHeadEnd.size());
  const State judged = judge_head();
  return judged == State::Complete ? take_body(rest) : judged;
}

ResponseReader::State ResponseReader::judge_head() const {
  if (!head_.starts_with("HTTP/1.1 200 ")) {
    return State::WrongStatus;
  }
  return head_only_ == HeadOnly::Yes || content_length(head_) == body_.size() ? State::Complete : State::WrongLength;
}

ResponseReader::State ResponseReader::take_body(std::string_view octets) {
  const std::string_view expected = head_only_ == HeadOnly::Yes ? std::string_view() : body_.substr(body_taken_);
  if (octets.size() > expected.size() || expected.substr(0, octets.size()) != octets) {
    return State::WrongContent;
  }
  body_taken_ += octets.size();
  return octets.size() == expected.size() ? State::Complete : State::Incomplete;
}

}  // namespace weir::load
