// Takes request heads from what a client's connection brings: heads in pieces, heads behind each other, leading empty
// lines. Holds memory only while something waits in it. Owned by a ClientSession.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy_worker/http1/head_scanner.h"

namespace weir::session {

class HeadReader {
 public:
  static constexpr std::size_t kHeadBytesMax = 64 * 1024;

  enum class Result : std::uint8_t {
    Incomplete,  // more is to come; what there is was kept
    Complete,    // head() and rest()
    Invalid,     // what no head may contain (RFC 9112 section 2.2)
    TooLong,     // its first line alone is larger than a head may be
    TooLarge,
  };

  // The next head begins.
  void begin() {
    scanner_.reset();
    empty_lines_ = 0;
  }
  // Octets that were just read, in the caller's buffer.
  Result take(std::span<char> bytes);
  // What is in leftover().
  Result take_leftover();

  // After Complete: views into the caller's buffer, or valid until the next call.
  std::string_view head() const { return head_; }
  std::span<char> rest() const { return rest_; }
  // Octets of the head, as far as it has come.
  std::size_t head_bytes() const { return head_.size(); }
  // head() and rest() are used; gives their memory back.
  void release() {
    head_ = {};
    rest_ = {};
    std::string().swap(moved_);
  }

  // What was read and not used yet: a part of a head, or what came behind a request.
  std::string& leftover() { return leftover_; }
  const std::string& leftover() const { return leftover_; }
  void keep(std::span<const char> bytes) { leftover_.assign(bytes.data(), bytes.size()); }
  // Nothing of it is needed any more; gives its memory back.
  void drop_leftover() { std::string().swap(leftover_); }

 private:
  Result scan(std::span<char> bytes);

  std::size_t empty_lines_bytes(std::string_view text);

  http1::HeadScanner scanner_;
  std::size_t empty_lines_ = 0;  // passed over before this head
  std::string leftover_;
  std::string moved_;  // what was in leftover_ while its head is in use
  std::string_view head_;
  std::span<char> rest_;
};

}  // namespace weir::session
