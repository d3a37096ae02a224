// The direction client -> origin of one exchange: takes the request's body off its framing and frames it again for the
// origin. Knows nothing of heads.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "proxy_worker/http1/body_decoder.h"
#include "proxy_worker/net/stream.h"

namespace weir::session {

// Stop reading one side while the other has this much to take; go on at half of it.
inline constexpr std::size_t kSpillBytesMax = 256 * 1024;

inline bool is_congested(const net::Stream& stream) { return stream.spill_bytes() > kSpillBytesMax / 2; }

class RequestRelay {
 public:
  enum class State : std::uint8_t { Receiving, Complete, Malformed };

  void start(http1::BodyFraming framing);

  State state() const { return state_; }
  bool is_complete() const { return state_ == State::Complete; }
  std::uint64_t raw_bytes() const { return raw_bytes_; }
  std::uint64_t content_bytes() const { return content_bytes_; }

  // Takes what belongs to the body from the front of `bytes` (overwritten) and sends it on; gives how many octets that
  // were. The rest is the next request's.
  std::size_t feed(std::span<char> bytes, net::Stream& origin);
  // The same while there is no connection to the origin yet: what it will be sent is appended to `pending`.
  std::size_t feed(std::span<char> bytes, std::string& pending);

 private:
  http1::BodyDecoder::Result decode(std::span<char> bytes);

  http1::BodyDecoder decoder_;
  State state_ = State::Complete;
  std::uint64_t raw_bytes_ = 0;
  std::uint64_t content_bytes_ = 0;
};

// One chunk around `content`, in at most five parts, and the last chunk with `trailers` when `is_last`.
class ChunkFrame {
 public:
  ChunkFrame(std::string_view content, bool is_last, std::string_view trailers);
  std::string_view before() const { return {size_line_, size_line_bytes_}; }
  std::string_view content() const { return content_; }
  std::string_view after() const { return after_; }

 private:
  char size_line_[20];
  std::size_t size_line_bytes_ = 0;
  std::string_view content_;
  std::string after_;
};

}  // namespace weir::session
