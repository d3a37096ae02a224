// A chunked body that arrives in pieces is the same body as when it arrives whole. The first octet says how many of the
// following octets are the lengths of pieces; then comes the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "proxy_worker/http1/body_decoder.h"
#include "tests/fuzz/expect.h"

namespace weir::http1 {
namespace {

using Status = BodyDecoder::Status;

struct Decoded {
  Status status = Status::NeedsMore;
  Status status_at_end = Status::NeedsMore;
  std::size_t consumed = 0;
  std::string content;
  std::string trailers;

  bool operator==(const Decoded&) const = default;
};

// The pieces' lengths are used again and again; without any the body comes whole.
Decoded decode(std::string_view body, std::span<const std::uint8_t> lengths) {
  BodyDecoder decoder({BodyKind::Chunked, 0});
  Decoded all;
  std::size_t piece = 0;
  while (all.status == Status::NeedsMore && all.consumed < body.size()) {
    const std::size_t left = body.size() - all.consumed;
    const std::size_t length = lengths.empty() ? left : std::min<std::size_t>(left, lengths[piece++ % lengths.size()] + 1u);
    std::string bytes(body.substr(all.consumed, length));
    const auto result = decoder.decode(bytes);
    expect(result.consumed <= length, "no more is consumed than there is");
    expect(result.status != Status::NeedsMore || result.consumed == length, "all is consumed while more is needed");
    expect(result.content.empty() || (result.content.data() == bytes.data() && result.content.size() <= result.consumed), "content lies in front");
    all.status = result.status;
    all.consumed += result.consumed;
    all.content += result.content;
  }
  all.status_at_end = decoder.finish();
  all.trailers = decoder.trailers();
  return all;
}

void try_body(std::string_view body, std::span<const std::uint8_t> lengths) {
  const Decoded whole = decode(body, {});
  expect(decode(body, lengths) == whole, "the same in pieces as whole");
  expect((whole.status == Status::Complete) == (whole.status_at_end == Status::Complete), "it ends by its last chunk alone");
  if (whole.status != Status::Complete) {
    return;
  }
  expect(whole.trailers.size() <= BodyDecoder::kTrailerBytesMax, "trailers are bounded");
  const Decoded alone = decode(body.substr(0, whole.consumed), {});
  expect(alone == whole, "what follows a body is no part of it");
}

}  // namespace
}  // namespace weir::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::size_t count = std::min<std::size_t>(data[0] % 8, size - 1);
  const std::span<const std::uint8_t> lengths(data + 1, count);
  weir::http1::try_body({reinterpret_cast<const char*>(data) + 1 + count, size - 1 - count}, lengths);
  return 0;
}
