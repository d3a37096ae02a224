#include "tests/fuzz/differential/comparison.h"

#include <iostream>

#include "tests/fuzz/differential/differences.h"
#include "tests/fuzz/differential/llhttp_reader.h"
#include "tests/fuzz/differential/weir_reader.h"
#include "tests/fuzz/expect.h"

namespace weir::differential {

namespace {

std::string without_differences(MessageParts parts) {
  for (const Difference& difference : differences()) {
    difference.rewrite(parts);
  }
  return parts.text();
}

// `message` is what Weir says of the original, the others are about the rewritten one.
void expect_same(const Message& message, const Message& weir, const Message& llhttp) {
  const bool is_accepted = message.verdict == Verdict::Complete;
  const bool agrees = is_accepted ? llhttp == weir : llhttp.verdict != Verdict::Complete;
  if (!agrees) {
    std::cerr << "Weir: " << weir << "llhttp: " << llhttp;
  }
  expect(weir.verdict == message.verdict, "rewriting the differences does not change whether Weir accepts a message");
  expect(weir.content == message.content && weir.fields.size() == message.fields.size(), "nor what is in it");
  expect(agrees, is_accepted ? "llhttp reads what Weir accepts, alike" : "llhttp sees no whole message where Weir waits for more");
}

}  // namespace

void compare_request(std::string_view bytes) {
  const Message message = weir_reads_request(bytes);
  if (message.verdict == Verdict::Refused) {
    return;
  }
  const bool has_head = !message.method.empty();
  const std::string text = has_head ? without_differences(take_request_apart(bytes)) : std::string(bytes);
  expect_same(message, weir_reads_request(text), llhttp_reads_request(text));
}

void compare_response(std::string_view bytes, std::string_view method) {
  const Message message = weir_reads_response(bytes, method);
  if (message.verdict == Verdict::Refused) {
    return;
  }
  const bool has_head = message.status != 0;
  const std::string text = has_head ? without_differences(take_response_apart(bytes)) : std::string(bytes);
  expect_same(message, weir_reads_response(text, method), llhttp_reads_response(text, method));
}

}  // namespace weir::differential
