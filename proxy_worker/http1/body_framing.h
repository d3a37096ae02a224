// How long a message's body is (RFC 9112 section 6.3), decided once and never guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy_worker/http1/head_parser.h"

namespace weir::http1 {

enum class BodyKind { None, Length, Chunked, UntilClose };

struct BodyFraming {
  BodyKind kind = BodyKind::None;
  std::uint64_t length = 0;  // Length only

  bool operator==(const BodyFraming&) const = default;
};

enum class FramingError {
  None,
  BadContentLength,           // malformed, repeated or too large
  BadTransferEncoding,        // not exactly one final "chunked", or in HTTP/1.0
  UnsupportedTransferCoding,  // a coding other than chunked
  TwoLengths,                 // Content-Length together with Transfer-Encoding
};

std::string_view describe(FramingError error);

[[nodiscard]] FramingError request_framing(const RequestHead& head, BodyFraming& out);
// `method` is the request's: HEAD and a successful CONNECT have no body whatever the head says.
[[nodiscard]] FramingError response_framing(const ResponseHead& head, std::string_view method, BodyFraming& out);

}  // namespace weir::http1
