#include "proxy_worker/http1/body_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace weir::http1 {
namespace {

using namespace std::string_literals;
using Status = BodyDecoder::Status;

constexpr BodyFraming kChunked{BodyKind::Chunked, 0};

struct Decoded {
  Status status = Status::NeedsMore;
  std::size_t consumed = 0;
  std::string content;
  std::string trailers;

  bool operator==(const Decoded&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
  return out << "status " << static_cast<int>(decoded.status) << ", consumed " << decoded.consumed << ", content \"" << decoded.content
             << "\", trailers \"" << decoded.trailers << '"';
}

// Decodes `bytes` in pieces that end at each of `ends` (ascending), and at the end of all.
Decoded decode(BodyFraming framing, std::string bytes, const std::vector<std::size_t>& ends = {}) {
  BodyDecoder decoder(framing);
  Decoded all;
  if (decoder.is_complete()) {
    all.status = Status::Complete;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= ends.size() && all.status == Status::NeedsMore; ++i) {
    const std::size_t end = i < ends.size() ? ends[i] : bytes.size();
    const auto result = decoder.decode(std::span(bytes).subspan(begin, end - begin));
    all.status = result.status;
    all.consumed += result.consumed;
    all.content += result.content;
    if (result.status == Status::NeedsMore) {
      EXPECT_EQ(result.consumed, end - begin);
    }
    begin = end;
  }
  EXPECT_EQ(decoder.is_complete(), all.status == Status::Complete);
  all.trailers = decoder.trailers();
  return all;
}

std::vector<std::size_t> every_place(std::string_view bytes) {
  std::vector<std::size_t> places;
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    places.push_back(i);
  }
  return places;
}

// However the bytes arrive, the result is the same; gives that result.
Decoded decode_in_every_way(BodyFraming framing, const std::string& bytes) {
  Decoded whole = decode(framing, bytes);
  EXPECT_EQ(decode(framing, bytes, every_place(bytes)), whole) << "byte by byte: " << bytes;
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    EXPECT_EQ(decode(framing, bytes, {split}), whole) << "split at " << split << ": " << bytes;
  }
  return whole;
}

Status chunked_status(const std::string& bytes) { return decode_in_every_way(kChunked, bytes).status; }

TEST(BodyDecoder, IsCompleteAtOnceWithoutABody) {
  EXPECT_TRUE(BodyDecoder().is_complete());
  EXPECT_TRUE(BodyDecoder(BodyFraming{}).is_complete());
  EXPECT_TRUE(BodyDecoder(BodyFraming{BodyKind::Length, 0}).is_complete());
  std::string next = "GET";
  EXPECT_EQ(BodyDecoder(BodyFraming{}).decode(next).consumed, 0u);
  EXPECT_EQ(next, "GET");
}

TEST(BodyDecoder, TakesAsMuchAsTheLengthSays) {
  const Decoded decoded = decode_in_every_way({BodyKind::Length, 5}, "helloGET / HTTP/1.1");
  EXPECT_EQ(decoded.status, Status::Complete);
  EXPECT_EQ(decoded.content, "hello");
  EXPECT_EQ(decoded.consumed, 5u);
}

// RFC 9112 section 8: a body that ends early is incomplete.
TEST(BodyDecoder, IsIncompleteWhenTheLengthIsNotReached) {
  BodyDecoder decoder({BodyKind::Length, 5});
  std::string bytes = "hell";
  EXPECT_EQ(decoder.decode(bytes).status, Status::NeedsMore);
  EXPECT_EQ(decoder.finish(), Status::Malformed);
  bytes = "o";
  EXPECT_EQ(decoder.decode(bytes).status, Status::Complete);
  EXPECT_EQ(decoder.finish(), Status::Complete);
}

TEST(BodyDecoder, CountsLengthsBeyond32Bits) {
  BodyDecoder decoder({BodyKind::Length, (1ull << 33) + 1});
  std::string bytes(1 << 20, 'x');
  for (int i = 0; i < 1 << 13; ++i) {
    ASSERT_EQ(decoder.decode(bytes).status, Status::NeedsMore);
  }
  const auto last = decoder.decode(bytes);
  EXPECT_EQ(last.status, Status::Complete);
  EXPECT_EQ(last.consumed, 1u);
}

TEST(BodyDecoder, TakesEverythingUntilTheConnectionEnds) {
  BodyDecoder decoder({BodyKind::UntilClose, 0});
  std::string bytes = "0\r\n\r\n";
  const auto result = decoder.decode(bytes);
  EXPECT_EQ(result.status, Status::NeedsMore);
  EXPECT_EQ(result.content, "0\r\n\r\n");
  EXPECT_EQ(decoder.finish(), Status::Complete);
}

TEST(Chunks, AreJoinedHoweverTheyArrive) {
  const Decoded decoded = decode_in_every_way(kChunked, "5\r\nhello\r\n1\r\n,\r\nA\r\n world\r\n\r\n\r\n000\r\n\r\nGET");
  EXPECT_EQ(decoded.status, Status::Complete);
  EXPECT_EQ(decoded.content, "hello, world\r\n\r\n");
  EXPECT_EQ(decoded.consumed, std::string("5\r\nhello\r\n1\r\n,\r\nA\r\n world\r\n\r\n\r\n000\r\n\r\n").size());
  EXPECT_EQ(decoded.trailers, "");
}

TEST(Chunks, MayBeMany) {
  std::string body;
  for (int i = 0; i < 1000; ++i) {
    body += "1\r\nx\r\n";
  }
  const Decoded decoded = decode(kChunked, body + "0\r\n\r\n");
  EXPECT_EQ(decoded.status, Status::Complete);
  EXPECT_EQ(decoded.content, std::string(1000, 'x'));
}

TEST(Chunks, MayHoldAnyOctets) {
  std::string content;
  for (int octet = 0; octet < 256; ++octet) {
    content += static_cast<char>(octet);
  }
  EXPECT_EQ(decode(kChunked, "100\r\n" + content + "\r\n0\r\n\r\n").content, content);
}

TEST(Chunks, HaveSizesInEitherCaseWithLeadingZeros) {
  EXPECT_EQ(decode_in_every_way(kChunked, "0a\r\n0123456789\r\n00B\r\n0123456789a\r\n0\r\n\r\n").content, "01234567890123456789a");
}

TEST(Chunks, HaveSizesOfAtMost15Digits) {
  EXPECT_EQ(chunked_status("00000000000000\r\n\r\n"), Status::Complete);    // 14
  EXPECT_EQ(chunked_status("000000000000000\r\n\r\n"), Status::Complete);   // 15
  EXPECT_EQ(chunked_status("0000000000000000\r\n\r\n"), Status::Malformed);  // 16
  EXPECT_EQ(chunked_status("fffffffffffffff\r\nx"), Status::NeedsMore);
  EXPECT_EQ(chunked_status("10000000000000000\r\nx"), Status::Malformed);  // 2^64: a smuggler's zero
  EXPECT_EQ(chunked_status("fffffffffffffffff"), Status::Malformed);
}

// RFC 9112 section 7.1: the size is hexadecimal digits and nothing else.
TEST(Chunks, HaveNoOtherSizes) {
  for (const char* size : {"", " 5", "5 ", "\t5", "+5", "-5", "0x5", "5h", "g", "5.0", "5,", "\n", "5_", "\"5\""}) {
    EXPECT_EQ(chunked_status(std::string(size) + "\r\nhello\r\n0\r\n\r\n"), Status::Malformed) << '"' << size << '"';
  }
}

// RFC 9112 section 2.2 lets a recipient take a bare LF for a line end; two that differ in it can be played off.
TEST(Chunks, HaveCrLfLineEndsOnly) {
  for (const char* bytes : {"5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n", "5\rhello\r\n0\r\n\r\n",
                            "5\r\rhello\r\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello!\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\r\n\r\n0\r\n\r\n", "5\r\nhello\r\n\r\n\r\n",
                            "0\r\nA: b\n\r\n", "0\r\n\rX\n"}) {
    EXPECT_EQ(chunked_status(bytes), Status::Malformed) << bytes;
  }
}

TEST(Chunks, AreIncompleteUntilTheLastLineEnd) {
  const std::string body = "3\r\nabc\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t end = 0; end < body.size(); ++end) {
    BodyDecoder decoder(kChunked);
    std::string bytes = body.substr(0, end);
    EXPECT_EQ(decoder.decode(bytes).status, Status::NeedsMore) << end;
    EXPECT_EQ(decoder.finish(), Status::Malformed) << end;
  }
}

// RFC 9112 section 7.1.1.
TEST(ChunkExtensions, AreCheckedAndDropped) {
  for (const char* extension : {";a", ";a=b", ";a=\"b c\"", ";a=\"\\\"\";b", ";a=\";\x80\\\\\"", ";a;b=c;d=\"e\""}) {
    const Decoded decoded = decode_in_every_way(kChunked, "2" + std::string(extension) + "\r\nhi\r\n0" + extension + "\r\n\r\n");
    EXPECT_EQ(decoded.status, Status::Complete) << extension;
    EXPECT_EQ(decoded.content, "hi") << extension;
  }
  for (const char* extension : {";a b", "; a", ";a=b c", ";a\n", ";a=\"b\r\nc\"", ";a=\"b", ";a=\"\\\r\n\"", ";\x01", ";a=\"\x7f\"", ";a,b", ";a:b", ";\xe9", " ;a"}) {
    const Status status = decode_in_every_way(kChunked, "2" + std::string(extension) + "\r\nhi\r\n0\r\n\r\n").status;
    EXPECT_EQ(status, Status::Malformed) << extension;
  }
  EXPECT_EQ(chunked_status("2;a\0b\r\n"s), Status::Malformed);
}

TEST(ChunkExtensions, HaveANameAndPerhapsAValue) {
  for (const char* extension : {";", ";;a", ";a;", ";=", ";=b", ";a=", ";a=;b", ";a==b", ";a=b=c", ";a=b\"c\"", ";\"a\"", ";a\"b\"", ";a=\"b\"c",
                                ";a=\"b\"\"c\"", ";a=\"b\"=c", ";a=\"b\"\\", ";\\a", ";a=\\b"}) {
    EXPECT_EQ(chunked_status("2" + std::string(extension) + "\r\nhi\r\n0\r\n\r\n"), Status::Malformed) << extension;
    EXPECT_EQ(chunked_status("0" + std::string(extension) + "\r\n\r\n"), Status::Malformed) << extension;
  }
  EXPECT_EQ(chunked_status("0;a=\"\";b=c\r\n\r\n"), Status::Complete);
}

TEST(ChunkExtensions, AreBounded) {
  // From the semicolon to the octet before CR LF.
  const auto with_extension = [](std::size_t bytes) { return "1;" + std::string(bytes - 1, 'a') + "\r\nx\r\n0\r\n\r\n"; };
  constexpr std::size_t kMax = BodyDecoder::kExtensionBytesMax;
  EXPECT_EQ(decode(kChunked, with_extension(kMax - 1)).status, Status::Complete);
  EXPECT_EQ(decode(kChunked, with_extension(kMax)).status, Status::Complete);
  EXPECT_EQ(decode(kChunked, with_extension(kMax + 1)).status, Status::Malformed);
  const std::string endless = "1;" + std::string(2 * kMax, 'a');
  EXPECT_EQ(decode(kChunked, endless).status, Status::Malformed) << "no line end is waited for";
}

// RFC 9112 section 7.1.2.
TEST(Trailers, AreKeptAsReceived) {
  const Decoded decoded = decode_in_every_way(kChunked, "1\r\nx\r\n0\r\nDigest: abc\r\nX-B:\t c \r\n\r\nrest");
  EXPECT_EQ(decoded.status, Status::Complete);
  EXPECT_EQ(decoded.content, "x");
  EXPECT_EQ(decoded.trailers, "Digest: abc\r\nX-B:\t c \r\n\r\n");
}

TEST(Trailers, AreAsStrictAsHeaderFields) {
  for (const char* trailers : {"A\r\n\r\n", "A : b\r\n\r\n", " A: b\r\n\r\n", "A: b\r\n c\r\n\r\n", ": b\r\n\r\n", "A: b\rc\r\n\r\n", "A: b\nB: c\r\n\r\n",
                               "A: \x01\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(chunked_status("0\r\n" + std::string(trailers)), Status::Malformed) << trailers;
  }
  EXPECT_EQ(chunked_status("0\r\nA: \0\r\n\r\n"s), Status::Malformed);
}

TEST(Trailers, AreBounded) {
  const auto with_trailers = [](std::size_t bytes) { return "0\r\nA: " + std::string(bytes - 7, 'a') + "\r\n\r\n"; };
  constexpr std::size_t kMax = BodyDecoder::kTrailerBytesMax;
  EXPECT_EQ(decode(kChunked, with_trailers(kMax - 1)).status, Status::Complete);
  EXPECT_EQ(decode(kChunked, with_trailers(kMax)).status, Status::Complete);
  EXPECT_EQ(decode(kChunked, with_trailers(kMax + 1)).status, Status::Malformed);
  EXPECT_EQ(decode(kChunked, "0\r\n" + std::string(2 * kMax, 'a')).status, Status::Malformed) << "no line end is waited for";
}

TEST(Trailers, AreBoundedInNumber) {
  const auto with_trailers = [](std::size_t count) {
    std::string body = "0\r\n";
    for (std::size_t i = 0; i < count; ++i) {
      body += "A: b\r\n";
    }
    return body + "\r\n";
  };
  EXPECT_EQ(decode(kChunked, with_trailers(kFieldsMax - 1)).status, Status::Complete);
  EXPECT_EQ(decode(kChunked, with_trailers(kFieldsMax)).status, Status::Complete);
  EXPECT_EQ(decode(kChunked, with_trailers(kFieldsMax + 1)).status, Status::Malformed);
}

TEST(BodyDecoder, ConsumesNothingBehindTheBody) {
  BodyDecoder decoder(kChunked);
  std::string bytes = "1\r\nx\r\n0\r\n\r\n5\r\nhello\r\n";
  const auto result = decoder.decode(bytes);
  EXPECT_EQ(result.status, Status::Complete);
  EXPECT_EQ(bytes.substr(result.consumed), "5\r\nhello\r\n");
  EXPECT_EQ(decoder.decode(std::span(bytes).subspan(result.consumed)).consumed, 0u);
}

}  // namespace
}  // namespace weir::http1
