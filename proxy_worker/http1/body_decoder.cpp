#include "proxy_worker/http1/body_decoder.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace weir::http1 {

namespace {

constexpr std::uint8_t kSizeDigitsMax = 15;  // 60 bits: no overflow, and more than any body has

std::uint64_t hex_value(char c) {
  return static_cast<std::uint64_t>(is_in(c, character_class::kDigit) ? c - '0' : to_lower(c) - 'a' + 10);
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

BodyDecoder::BodyDecoder(BodyFraming framing) : framing_(framing), left_(framing.length) {
  switch (framing.kind) {
    case BodyKind::None:
      state_ = State::Complete;
      break;
    case BodyKind::Length:
      state_ = left_ == 0 ? State::Complete : State::Length;
      break;
    case BodyKind::Chunked:
      state_ = State::ChunkSize;
      break;
    case BodyKind::UntilClose:
      state_ = State::UntilClose;
      break;
  }
}

BodyDecoder::Status BodyDecoder::finish() const {
  return state_ == State::UntilClose || state_ == State::Complete ? Status::Complete : Status::Malformed;
}

BodyDecoder::Result BodyDecoder::decode(std::span<char> bytes) {
  if (state_ == State::Complete) {
    return {.status = Status::Complete};
  }
  if (state_ == State::UntilClose) {
    return {.consumed = bytes.size(), .content = {bytes.data(), bytes.size()}};
  }
  if (state_ != State::Length) {
    return decode_chunked(bytes);
  }
  const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  left_ -= taken;
  if (left_ == 0) {
    state_ = State::Complete;
  }
  return {.status = left_ == 0 ? Status::Complete : Status::NeedsMore, .consumed = taken, .content = {bytes.data(), taken}};
}

BodyDecoder::Result BodyDecoder::decode_chunked(std::span<char> bytes) {
  std::size_t at = 0;
  std::size_t content = 0;
  while (at < bytes.size() && state_ != State::Complete && state_ != State::Malformed) {
    if (state_ != State::ChunkData) {
      step(bytes[at++]);
      continue;
    }
    const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
    std::memmove(bytes.data() + content, bytes.data() + at, taken);
    content += taken;
    at += taken;
    left_ -= taken;
    if (left_ == 0) {
      state_ = State::ChunkDataCr;
    }
  }
  const Status status = state_ == State::Complete    ? Status::Complete
                        : state_ == State::Malformed ? Status::Malformed
                                                     : Status::NeedsMore;
  return {.status = status, .consumed = at, .content = {bytes.data(), content}};
}

void BodyDecoder::step(char c) {
  switch (state_) {
    case State::ChunkSize:
      return step_chunk_size(c);
    case State::ChunkExtension:
      return step_extension(c);
    case State::ChunkSizeLf:
      state_ = c != '\n' ? State::Malformed : left_ == 0 ? State::Trailers : State::ChunkData;
      return;
    case State::ChunkDataCr:
      state_ = c == '\r' ? State::ChunkDataLf : State::Malformed;
      return;
    case State::ChunkDataLf:
      state_ = c == '\n' ? State::ChunkSize : State::Malformed;
      size_digits_ = 0;
      return;
    case State::Trailers:
      return step_trailer(c);
    case State::UntilClose:
    case State::Length:
    case State::ChunkData:
    case State::Complete:
    case State::Malformed:
      return;
  }
}

void BodyDecoder::step_chunk_size(char c) {
  if (is_in(c, character_class::kHexDigit) && size_digits_ < kSizeDigitsMax) {
    left_ = (size_digits_ == 0 ? 0 : left_ * 16) + hex_value(c);
    ++size_digits_;
    return;
  }
  if (size_digits_ == 0) {
    state_ = State::Malformed;
    return;
  }
  extension_bytes_ = 0;
  extension_part_ = ExtensionPart::Semicolon;
  state_ = c == '\r' ? State::ChunkSizeLf : c == ';' ? State::ChunkExtension : State::Malformed;
}

// chunk-ext = *( ";" name [ "=" ( token / quoted-string ) ] ): its form is checked, its meaning is nobody's here.
void BodyDecoder::step_extension(char c) {
  const bool may_end = extension_part_ == ExtensionPart::Name || extension_part_ == ExtensionPart::Token || extension_part_ == ExtensionPart::ClosingQuote;
  if (++extension_bytes_ > kExtensionBytesMax) {
    state_ = State::Malformed;
  } else if (c == '\r' && may_end) {
    state_ = State::ChunkSizeLf;
  } else if (c == ';' && may_end) {
    extension_part_ = ExtensionPart::Semicolon;
  } else {
    extension_part_ = next_part(extension_part_, c);
    state_ = extension_part_ == ExtensionPart::Malformed ? State::Malformed : State::ChunkExtension;
  }
}

BodyDecoder::ExtensionPart BodyDecoder::next_part(ExtensionPart part, char c) {
  const bool is_token = is_in(c, character_class::kToken);
  const bool is_text = is_in(c, character_class::kFieldText);
  switch (part) {
    case ExtensionPart::Semicolon:
      return is_token ? ExtensionPart::Name : ExtensionPart::Malformed;
    case ExtensionPart::Name:
      return is_token ? ExtensionPart::Name : c == '=' ? ExtensionPart::EqualsSign : ExtensionPart::Malformed;
    case ExtensionPart::EqualsSign:
      return is_token ? ExtensionPart::Token : c == '"' ? ExtensionPart::Quoted : ExtensionPart::Malformed;
    case ExtensionPart::Token:
      return is_token ? ExtensionPart::Token : ExtensionPart::Malformed;
    case ExtensionPart::Quoted:
      return c == '"' ? ExtensionPart::ClosingQuote : c == '\\' ? ExtensionPart::QuotedPair : is_text ? ExtensionPart::Quoted : ExtensionPart::Malformed;
    case ExtensionPart::QuotedPair:
      return is_text ? ExtensionPart::Quoted : ExtensionPart::Malformed;
    case ExtensionPart::ClosingQuote:
    case ExtensionPart::Malformed:
      return ExtensionPart::Malformed;
  }
  return ExtensionPart::Malformed;
}

void BodyDecoder::step_trailer(char c) {
  trailers_.push_back(c);
  if (trailers_.size() > kTrailerBytesMax) {
    state_ = State::Malformed;
    return;
  }
  if (c != '\n') {
    return;
  }
  if (trailers_ == "\r\n") {
    trailers_.clear();
    state_ = State::Complete;
  } else if (ends_with(trailers_, "\r\n\r\n")) {
    std::vector<Field> fields;
    state_ = parse_fields(trailers_, fields) == HeadError::None ? State::Complete : State::Malformed;
  } else if (!ends_with(trailers_, "\r\n")) {
    state_ = State::Malformed;
  }
}

}  // namespace weir::http1
