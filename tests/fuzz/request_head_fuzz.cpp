// A request head, from octets as they arrive to what the origin is sent. Whatever is accepted must be found again, the
// same, in what is sent on: what one reader takes for one request, the next may not take for two.
#include <cstddef>
#include <cstdint>
#include <string>

#include "proxy_worker/http1/body_framing.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/http1/head_scanner.h"
#include "proxy_worker/http1/head_writer.h"
#include "proxy_worker/http1/request_target.h"
#include "tests/fuzz/check_changes.h"
#include "tests/fuzz/expect.h"

namespace weir::http1 {
namespace {

// The scanner's verdict does not depend on how the octets arrive.
HeadScanner::Result scan_bytewise(std::string_view bytes, std::size_t& head_bytes) {
  HeadScanner scanner;
  auto result = HeadScanner::Result::Incomplete;
  for (std::size_t arrived = 1; arrived <= bytes.size() && result == HeadScanner::Result::Incomplete; ++arrived) {
    result = scanner.scan(bytes.substr(0, arrived));
  }
  head_bytes = scanner.head_bytes();
  return result;
}

void parse_one_head(const std::string& text, RequestHead& out) {
  HeadScanner scanner;
  expect(scanner.scan(text) == HeadScanner::Result::Complete && scanner.head_bytes() == text.size(), "one head is written");
  expect(parse_request_head(text, out, kFieldsMax + kFieldsAddedMax) == HeadError::None, "what is written parses");
}

// What a TRACE gets back is the request, without secrets.
void check_trace(const RequestHead& head) {
  std::string text;
  write_trace(head, text);
  RequestHead traced;
  parse_one_head(text, traced);
  expect(traced.method == head.method && traced.fields.size() <= head.fields.size(), "it is the same request");
  for (const Field& field : traced.fields) {
    expect(!carries_credentials(field.id), "credentials are not given back");
  }
}

// An upgrade is kept as the session keeps it (proxy_worker/session/request_review.cpp).
RequestForm form_of(const RequestHead& head, const RequestTarget& target, BodyFraming framing) {
  const bool is_upgrade = head.minor_version == 1 && find_field(head.fields, FieldId::Upgrade) != nullptr &&
                          lists_token(head.fields, FieldId::Connection, "upgrade");
  RequestForm form{.target = target, .framing = framing, .upgrade = is_upgrade ? UpgradeField::Kept : UpgradeField::Dropped};
  if (head.method == "OPTIONS") {
    form.max_forwards = 7;
  }
  return form;
}

void check_what_is_sent(const RequestHead& head, const RequestForm& form) {
  std::string text;
  write_request_head(head, form, text);
  RequestHead sent;
  parse_one_head(text, sent);
  check_changes(head, form, write_request_head, text, sent);
  expect(sent.method == head.method && sent.minor_version == 1, "the method stays");
  expect(count_fields(sent.fields, FieldId::Host) == count_fields(head.fields, FieldId::Host) + (find_field(head.fields, FieldId::Host) ? 0 : 1),
         "there is a Host");
  BodyFraming sent_framing;
  expect(request_framing(sent, sent_framing) == FramingError::None && sent_framing == form.framing, "the framing stays");
  for (const Field& field : sent.fields) {
    const bool is_upgrade = form.upgrade == UpgradeField::Kept && (field.id == FieldId::Connection || field.id == FieldId::Upgrade);
    expect(!is_hop_by_hop(sent.fields, field) || field.id == FieldId::TransferEncoding || is_upgrade, "nothing for this hop alone is sent on");
    expect(field.id != FieldId::MaxForwards || !form.max_forwards || field.value == std::to_string(*form.max_forwards), "Max-Forwards is the new one");
  }
}

void try_head(std::string_view bytes) {
  HeadScanner scanner;
  const auto scanned = scanner.scan(bytes);
  std::size_t head_bytes = 0;
  expect(scan_bytewise(bytes, head_bytes) == scanned, "the scanner's verdict is the same bytewise");
  if (scanned != HeadScanner::Result::Complete) {
    return;
  }
  expect(head_bytes == scanner.head_bytes() && head_bytes <= bytes.size(), "the head ends at one place");
  RequestHead head;
  if (parse_request_head(bytes.substr(0, head_bytes), head) != HeadError::None) {
    return;
  }
  std::string masked;
  write_masked(start_line(head.text), head.fields, masked);
  check_trace(head);
  RequestTarget target;
  BodyFraming framing;
  if (parse_request_target(head.method, head.target, target) == TargetError::None &&
      request_framing(head, framing) == FramingError::None && target.form == TargetForm::Absolute) {
    check_what_is_sent(head, form_of(head, target, framing));
  }
}

}  // namespace
}  // namespace weir::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::http1::try_head({reinterpret_cast<const char*>(data), size});
  return 0;
}
