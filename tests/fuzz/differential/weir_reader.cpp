#include "tests/fuzz/differential/weir_reader.h"

#include "proxy_worker/http1/body_decoder.h"
#include "proxy_worker/http1/body_framing.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/http1/head_scanner.h"
#include "proxy_worker/http1/request_target.h"

namespace weir::differential {

namespace {

constexpr std::size_t kEmptyLinesMax = 8;  // as proxy_worker/session/head_reader.cpp has it

void append_fields(http1::Fields fields, Message& out) {
  for (const http1::Field& field : fields) {
    out.fields.emplace_back(field.name, field.value);
  }
}

// Reads the body that `bytes` begins with, at whose end the connection ends.
void read_body(std::string_view bytes, http1::BodyFraming framing, Message& out) {
  http1::BodyDecoder decoder(framing);
  std::string copy(bytes);
  const auto result = decoder.decode(copy);
  if (result.status == http1::BodyDecoder::Status::Malformed) {
    out.verdict = Verdict::Refused;
    return;
  }
  if (decoder.finish() != http1::BodyDecoder::Status::Complete) {
    return;
  }
  out.verdict = Verdict::Complete;
  out.content = result.content;
  out.bytes += result.consumed;
  std::vector<http1::Field> trailers;
  if (!decoder.trailers().empty() && http1::parse_fields(decoder.trailers(), trailers) == http1::HeadError::None) {
    append_fields(trailers, out);
  }
}

bool accepts(const http1::RequestHead& head, http1::BodyFraming& framing) {
  http1::RequestTarget target;
  if (http1::parse_request_target(head.method, head.target, target) != http1::TargetError::None ||
      http1::request_framing(head, framing) != http1::FramingError::None) {
    return false;
  }
  // As proxy_worker/session/request_review.cpp has it: a tunnel begins where the head ends.
  return head.method != "CONNECT" || (framing.kind != http1::BodyKind::Chunked && framing.length == 0);
}

// The verdict on a head that is not complete, or the octets of one that is.
Verdict scan_head(std::string_view bytes, std::size_t& head_bytes) {
  http1::HeadScanner scanner;
  const auto result = scanner.scan(bytes);
  head_bytes = scanner.head_bytes();
  return result == http1::HeadScanner::Result::Complete  ? Verdict::Complete
         : result == http1::HeadScanner::Result::Invalid ? Verdict::Refused
                                                         : Verdict::Incomplete;
}

}  // namespace

Message weir_reads_request(std::string_view bytes) {
  Message message;
  while (message.bytes < 2 * kEmptyLinesMax && bytes.substr(message.bytes, 2) == "\r\n") {
    message.bytes += 2;
  }
  bytes.remove_prefix(message.bytes);
  std::size_t head_bytes = 0;
  message.verdict = scan_head(bytes, head_bytes);
  if (message.verdict != Verdict::Complete) {
    return message;
  }
  http1::RequestHead head;
  http1::BodyFraming framing;
  if (http1::parse_request_head(bytes.substr(0, head_bytes), head) != http1::HeadError::None || !accepts(head, framing)) {
    message.verdict = Verdict::Refused;
    return message;
  }
  message.verdict = Verdict::Incomplete;
  message.method = head.method;
  message.minor_version = head.minor_version;
  message.bytes += head_bytes;
  append_fields(head.fields, message);
  read_body(bytes.substr(head_bytes), framing, message);
  return message;
}

Message weir_reads_response(std::string_view bytes, std::string_view method) {
  Message message;
  std::size_t head_bytes = 0;
  message.verdict = scan_head(bytes, head_bytes);
  if (message.verdict != Verdict::Complete) {
    return message;
  }
  http1::ResponseHead head;
  http1::BodyFraming framing;
  if (http1::parse_response_head(bytes.substr(0, head_bytes), head) != http1::HeadError::None ||
      http1::response_framing(head, method, framing) != http1::FramingError::None) {
    message.verdict = Verdict::Refused;
    return message;
  }
  message.verdict = Verdict::Incomplete;
  message.status = head.status;
  message.minor_version = head.minor_version;
  message.bytes = head_bytes;
  append_fields(head.fields, message);
  read_body(bytes.substr(head_bytes), framing, message);
  return message;
}

}  // namespace weir::differential
