#include "proxy_worker/session/request_relay.h"

#include <charconv>

#include "proxy_worker/http1/head_writer.h"

namespace weir::session {

ChunkFrame::ChunkFrame(std::string_view content, bool is_last, std::string_view trailers) : content_(content) {
  if (!content.empty()) {
    char* end = std::to_chars(size_line_, size_line_ + sizeof size_line_ - 2, content.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    size_line_bytes_ = static_cast<std::size_t>(end - size_line_);
    after_ = "\r\n";
  }
  if (is_last) {
    after_ += "0\r\n";
    http1::write_trailers(trailers, after_);
    after_ += "\r\n";
  }
}

void RequestRelay::start(http1::BodyFraming framing) {
  decoder_ = http1::BodyDecoder(framing);
  state_ = decoder_.is_complete() ? State::Complete : State::Receiving;
  raw_bytes_ = 0;
  content_bytes_ = 0;
}

http1::BodyDecoder::Result RequestRelay::decode(std::span<char> bytes) {
  const auto result = decoder_.decode(bytes);
  raw_bytes_ += result.consumed;
  content_bytes_ += result.content.size();
  if (result.status != http1::BodyDecoder::Status::NeedsMore) {
    state_ = result.status == http1::BodyDecoder::Status::Complete ? State::Complete : State::Malformed;
  }
  return result;
}

std::size_t RequestRelay::feed(std::span<char> bytes, net::Stream& origin) {
  if (state_ != State::Receiving) {
    return 0;
  }
  const auto result = decode(bytes);
  if (decoder_.framing().kind == http1::BodyKind::Chunked) {
    const ChunkFrame frame(result.content, is_complete(), decoder_.trailers());
    origin.write({frame.before(), frame.content(), frame.after()});
  } else {
    origin.write({result.content});
  }
  return result.consumed;
}

std::size_t RequestRelay::feed(std::span<char> bytes, std::string& pending) {
  if (state_ != State::Receiving) {
    return 0;
  }
  const auto result = decode(bytes);
  if (decoder_.framing().kind == http1::BodyKind::Chunked) {
    const ChunkFrame frame(result.content, is_complete(), decoder_.trailers());
    pending.append(frame.before()).append(frame.content()).append(frame.after());
  } else {
    pending.append(result.content);
  }
  return result.consumed;
}

}  // namespace weir::session
