// A response head, from the origin's octets to what a client is sent. The first octet chooses the request's method and
// the client; the rest is the head.
#include <cstddef>
#include <cstdint>
#include <string>

#include "proxy_worker/http1/body_framing.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/http1/head_scanner.h"
#include "proxy_worker/http1/head_writer.h"
#include "tests/fuzz/check_changes.h"
#include "tests/fuzz/expect.h"

namespace weir::http1 {
namespace {

constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "OPTIONS"};

// As the session chooses it (proxy_worker/session/response_relay.cpp).
BodyKind client_framing(BodyKind origin, unsigned client_minor_version) {
  if (origin == BodyKind::Chunked && client_minor_version == 0) {
    return BodyKind::UntilClose;
  }
  return origin == BodyKind::UntilClose && client_minor_version == 1 ? BodyKind::Chunked : origin;
}

void check_what_is_sent(const ResponseHead& head, std::string_view method, const ResponseForm& form, BodyFraming origin) {
  std::string text;
  write_response_head(head, form, text);
  HeadScanner scanner;
  expect(scanner.scan(text) == HeadScanner::Result::Complete && scanner.head_bytes() == text.size(), "one head is sent");
  ResponseHead sent;
  expect(parse_response_head(text, sent, kFieldsMax + kFieldsAddedMax) == HeadError::None, "what is sent parses");
  check_changes(head, form, write_response_head, text, sent);
  expect(sent.status == head.status && sent.reason_phrase == head.reason_phrase && sent.minor_version == 1, "status and reason stay");
  BodyFraming framing;
  expect(response_framing(sent, method, framing) == FramingError::None, "the framing is clear");
  expect(framing.kind == form.client_framing, "the framing is the one that was chosen");
  expect(framing.kind != BodyKind::Length || framing.length == origin.length, "the length stays");
  const bool has_date = find_field(sent.fields, FieldId::Date) != nullptr;
  expect(has_date || form.date.empty() || head.status / 100 == 1, "a final response has a date");
}

void try_head(std::uint8_t choice, std::string_view bytes) {
  HeadScanner scanner;
  if (scanner.scan(bytes) != HeadScanner::Result::Complete) {
    return;
  }
  ResponseHead head;
  BodyFraming framing;
  const std::string_view method = kMethods[choice % 4];
  if (parse_response_head(bytes.substr(0, scanner.head_bytes()), head) != HeadError::None ||
      response_framing(head, method, framing) != FramingError::None) {
    return;
  }
  const unsigned minor_version = choice / 4 % 2;
  const ResponseForm form{.client_framing = client_framing(framing.kind, minor_version),
                          .client_minor_version = minor_version,
                          .persistence = choice / 8 % 2 == 0 ? Persistence::KeepAlive : Persistence::Close,
                          .upgrade = choice / 16 % 2 == 0 || head.status != 101 ? UpgradeField::Dropped : UpgradeField::Kept,
                          .date = choice / 32 % 2 == 0 ? "" : "Sun, 06 Nov 1994 08:49:37 GMT"};
  check_what_is_sent(head, method, form, framing);
}

}  // namespace
}  // namespace weir::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) {
    weir::http1::try_head(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  }
  return 0;
}
