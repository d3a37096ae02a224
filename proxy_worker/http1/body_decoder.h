// Takes the framing off a body that arrives piece by piece: what is left is content. Strict (RFC 9112 section 7.1): CRLF
// line ends only, bounded extensions and trailers; extensions are checked and dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy_worker/http1/body_framing.h"

namespace weir::http1 {

class BodyDecoder {
 public:
  static constexpr std::size_t kExtensionBytesMax = 4096;  // of one chunk
  static constexpr std::size_t kTrailerBytesMax = 16 * 1024;

  enum class Status { NeedsMore, Complete, Malformed };

  struct Result {
    Status status = Status::NeedsMore;
    std::size_t consumed = 0;       // octets of `bytes` that belong to this body
    std::string_view content = {};  // inside `bytes`
  };

  BodyDecoder() = default;
  explicit BodyDecoder(BodyFraming framing);

  // Content is moved together in place: `bytes` is overwritten up to `consumed`. Octets behind `consumed` are not the
  // body's. After Complete or Malformed it is not called again.
  Result decode(std::span<char> bytes);
  // The sender has closed its side: Complete only when that is how this body ends.
  Status finish() const;

  bool is_complete() const { return state_ == State::Complete; }
  BodyFraming framing() const { return framing_; }
  // The trailer section as received, with the empty line that ends it; empty when there were no trailer fields.
  std::string_view trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    UntilClose,
    Length,
    ChunkSize,       // before or among the digits
    ChunkExtension,
    ChunkSizeLf,
    ChunkData,
    ChunkDataCr,
    ChunkDataLf,
    Trailers,
    Complete,
    Malformed,
  };

  // What the latest octet of a chunk extension belongs to.
  enum class ExtensionPart : std::uint8_t { Semicolon, Name, EqualsSign, Token, Quoted, QuotedPair, ClosingQuote, Malformed };
  static ExtensionPart next_part(ExtensionPart part, char c);

  Result decode_chunked(std::span<char> bytes);
  void step(char c);
  void step_chunk_size(char c);
  void step_extension(char c);
  void step_trailer(char c);

  BodyFraming framing_;
  State state_ = State::Complete;
  std::uint64_t left_ = 0;        // octets of the body or of the chunk
  std::uint8_t size_digits_ = 0;
  ExtensionPart extension_part_ = ExtensionPart::Semicolon;
  std::size_t extension_bytes_ = 0;
  std::string trailers_;
};

}  // namespace weir::http1
