#include "proxy_worker/http1/body_framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy_worker/http1/body_decoder.h"
#include "proxy_worker/http1/head_scanner.h"

namespace weir::http1 {
namespace {

struct Framed {
  FramingError error = FramingError::None;
  BodyFraming framing;
};

// `fields`: header lines, each with its line end.
Framed request(std::string_view fields, std::string_view version = "HTTP/1.1") {
  const std::string text = "POST / " + std::string(version) + "\r\n" + std::string(fields) + "\r\n";
  RequestHead head;
  EXPECT_EQ(parse_request_head(text, head), HeadError::None);
  Framed framed;
  framed.error = request_framing(head, framed.framing);
  return framed;
}

Framed response(unsigned status, std::string_view fields, std::string_view method = "GET", std::string_view version = "HTTP/1.1") {
  const std::string text = std::string(version) + " " + std::to_string(status) + " x\r\n" + std::string(fields) + "\r\n";
  ResponseHead head;
  EXPECT_EQ(parse_response_head(text, head), HeadError::None);
  Framed framed;
  framed.error = response_framing(head, method, framed.framing);
  return framed;
}

constexpr BodyFraming kNone{BodyKind::None, 0};
constexpr BodyFraming kChunked{BodyKind::Chunked, 0};
constexpr BodyFraming kUntilClose{BodyKind::UntilClose, 0};

// RFC 9112 section 6.3, rule 7.
TEST(RequestFraming, IsNoneWithoutFields) { EXPECT_EQ(request("Host: a\r\n").framing, kNone); }

TEST(RequestFraming, IsTheContentLength) {
  EXPECT_EQ(request("Content-Length: 0\r\n").framing, (BodyFraming{BodyKind::Length, 0}));
  EXPECT_EQ(request("content-length:\t42 \r\n").framing, (BodyFraming{BodyKind::Length, 42}));
  EXPECT_EQ(request("Content-Length: 00000000000000000000000000042\r\n").framing, (BodyFraming{BodyKind::Length, 42}));
}

TEST(RequestFraming, HasALengthOfAtMost63Bits) {
  EXPECT_EQ(request("Content-Length: 9223372036854775806\r\n").error, FramingError::None);
  EXPECT_EQ(request("Content-Length: 9223372036854775807\r\n").framing, (BodyFraming{BodyKind::Length, 9223372036854775807u}));
  EXPECT_EQ(request("Content-Length: 9223372036854775808\r\n").error, FramingError::BadContentLength);
  EXPECT_EQ(request("Content-Length: 18446744073709551617\r\n").error, FramingError::BadContentLength);
  EXPECT_EQ(request("Content-Length: 99999999999999999999999999999\r\n").error, FramingError::BadContentLength);
}

TEST(RequestFraming, HasALengthOfDigitsAlone) {
  for (const char* value : {"", "+5", "-5", "-0", "5x", "x", "0x5", "5 5", "5.0", "5e1", "\"5\"", "\xb2", "1_000", "5;"}) {
    EXPECT_EQ(request("Content-Length: " + std::string(value) + "\r\n").error, FramingError::BadContentLength) << value;
  }
}

// RFC 9112 section 6.3, rule 5. Equal repeated lengths may be taken for one; a proxy has no need to.
TEST(RequestFraming, HasOneLengthOnly) {
  EXPECT_EQ(request("Content-Length: 5\r\nContent-Length: 5\r\n").error, FramingError::BadContentLength);
  EXPECT_EQ(request("Content-Length: 5\r\nA: b\r\ncontent-length: 6\r\n").error, FramingError::BadContentLength);
  EXPECT_EQ(request("Content-Length: 5, 5\r\n").error, FramingError::BadContentLength);
  EXPECT_EQ(request("Content-Length: 5,\r\n").error, FramingError::BadContentLength);
}

// RFC 9112 section 7.1: coding names are case-insensitive.
TEST(RequestFraming, IsChunked) {
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\n").framing, kChunked);
  EXPECT_EQ(request("transfer-encoding:  CHUNKED\t\r\n").framing, kChunked);
}

// RFC 9112 section 6.1.
TEST(RequestFraming, HasNoOtherTransferCoding) {
  EXPECT_EQ(request("Transfer-Encoding: gzip\r\n").error, FramingError::UnsupportedTransferCoding);
  EXPECT_EQ(request("Transfer-Encoding: identity\r\n").error, FramingError::UnsupportedTransferCoding);
  for (const char* value : {"", "chunked, chunked", "gzip, chunked", "chunked, gzip", "chunked,", ",chunked", "chunked;q=1", "\"chunked\"", "chunked chunked",
                            "chunked\x80", "chunk\xe9""d"}) {
    EXPECT_EQ(request("Transfer-Encoding: " + std::string(value) + "\r\n").error, FramingError::BadTransferEncoding) << value;
  }
  EXPECT_EQ(request("Transfer-Encoding: xchunked\r\n").error, FramingError::UnsupportedTransferCoding);
  EXPECT_EQ(request("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n").error, FramingError::BadTransferEncoding);
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").error, FramingError::BadTransferEncoding);
}

// RFC 9112 section 6.3, rule 3: the classic of request smuggling.
TEST(RequestFraming, IsNeverBothLengthAndChunked) {
  EXPECT_EQ(request("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").error, FramingError::TwoLengths);
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n").error, FramingError::TwoLengths);
}

// RFC 9112 section 6.1: faulty, even if it looks right.
TEST(RequestFraming, IsNeverChunkedInHttp10) {
  EXPECT_EQ(request("Transfer-Encoding: chunked\r\n", "HTTP/1.0").error, FramingError::BadTransferEncoding);
  EXPECT_EQ(request("Content-Length: 3\r\n", "HTTP/1.0").framing, (BodyFraming{BodyKind::Length, 3}));
}

// RFC 9112 section 6.3, rule 8.
TEST(ResponseFraming, LastsUntilTheConnectionEndsWithoutFields) {
  EXPECT_EQ(response(200, "").framing, kUntilClose);
  EXPECT_EQ(response(200, "", "GET", "HTTP/1.0").framing, kUntilClose);
  EXPECT_EQ(response(404, "A: b\r\n", "POST").framing, kUntilClose);
}

TEST(ResponseFraming, IsAsTheFieldsSay) {
  EXPECT_EQ(response(200, "Content-Length: 7\r\n").framing, (BodyFraming{BodyKind::Length, 7}));
  EXPECT_EQ(response(500, "Transfer-Encoding: chunked\r\n").framing, kChunked);
}

// RFC 9112 section 6.3, rules 1 and 2.
TEST(ResponseFraming, IsNoneWhereNoBodyCanBe) {
  for (const unsigned status : {100u, 101u, 103u, 199u, 204u, 304u}) {
    EXPECT_EQ(response(status, "").framing, kNone) << status;
    EXPECT_EQ(response(status, "Content-Length: 5\r\n").framing, kNone) << status;
    EXPECT_EQ(response(status, "Transfer-Encoding: chunked\r\n").framing, kNone) << status;
  }
  EXPECT_EQ(response(200, "Content-Length: 5\r\n", "HEAD").framing, kNone);
  EXPECT_EQ(response(404, "", "HEAD").framing, kNone);
  EXPECT_EQ(response(200, "Content-Length: 5\r\n", "CONNECT").framing, kNone);
  EXPECT_EQ(response(403, "Content-Length: 5\r\n", "CONNECT").framing, (BodyFraming{BodyKind::Length, 5}));
  EXPECT_EQ(response(200, "Content-Length: 5\r\n", "head").framing, (BodyFraming{BodyKind::Length, 5}));
}

TEST(ResponseFraming, IsAsStrictAsForRequests) {
  EXPECT_EQ(response(200, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").error, FramingError::TwoLengths);
  EXPECT_EQ(response(200, "Content-Length: 5\r\nContent-Length: 6\r\n").error, FramingError::BadContentLength);
  EXPECT_EQ(response(200, "Content-Length: five\r\n").error, FramingError::BadContentLength);
  EXPECT_EQ(response(200, "Transfer-Encoding: gzip, chunked\r\n").error, FramingError::BadTransferEncoding);
  EXPECT_EQ(response(200, "Transfer-Encoding: chunked\r\n", "GET", "HTTP/1.0").error, FramingError::BadTransferEncoding);
}

// Takes requests off a connection: each as its target and its content.
class RequestTaker {
 public:
  void take(std::string_view bytes) {
    pending_ += bytes;
    while (take_head() || take_content()) {
    }
  }

  std::vector<std::string> taken;

 private:
  bool take_head() {
    if (!decoder_.is_complete() || scanner_.scan(pending_) != HeadScanner::Result::Complete) {
      return false;
    }
    RequestHead head;
    BodyFraming framing;
    EXPECT_EQ(parse_request_head(std::string_view(pending_).substr(0, scanner_.head_bytes()), head), HeadError::None);
    EXPECT_EQ(request_framing(head, framing), FramingError::None);
    taken.push_back(std::string(head.target) + " ");
    decoder_ = BodyDecoder(framing);
    pending_.erase(0, scanner_.head_bytes());
    scanner_.reset();
    return true;
  }

  bool take_content() {
    if (decoder_.is_complete() || pending_.empty()) {
      return false;
    }
    const auto result = decoder_.decode(pending_);
    EXPECT_NE(result.status, BodyDecoder::Status::Malformed);
    taken.back() += result.content;
    pending_.erase(0, result.consumed);
    return true;
  }

  HeadScanner scanner_;
  BodyDecoder decoder_;
  std::string pending_;
};

TEST(Framing, SeparatesRequestsHoweverTheyArrive) {
  const std::string bytes =
      "GET /a HTTP/1.1\r\nA: b\r\n\r\n"
      "PUT /b HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\r"
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;d=\"e\"\r\n0\r\n\r\n\r\n1\r\n.\r\n0\r\nF: g\r\n\r\n"
      "POST /h HTTP/1.0\r\nContent-Length: 0\r\n\r\n"
      "GET /i HTTP/1.1\r\n\r\n";
  const auto expected = testing::ElementsAre("/a ", "/b GET /x HTTP/1.1\r\n\r", "/c 0\r\n\r\n.", "/h ", "/i ");
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    RequestTaker taker;
    taker.take(std::string_view(bytes).substr(0, split));
    taker.take(std::string_view(bytes).substr(split));
    EXPECT_THAT(taker.taken, expected) << "split at " << split;
  }
  for (std::size_t piece = 1; piece <= 7; ++piece) {
    RequestTaker taker;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      taker.take(std::string_view(bytes).substr(at, piece));
    }
    EXPECT_THAT(taker.taken, expected) << "in pieces of " << piece;
  }
}

TEST(Framing, ReplacesWhatWasInTheOutputBefore) {
  RequestHead head;
  ASSERT_EQ(parse_request_head("GET / HTTP/1.1\r\n\r\n", head), HeadError::None);
  BodyFraming framing{BodyKind::Length, 99};
  ASSERT_EQ(request_framing(head, framing), FramingError::None);
  EXPECT_EQ(framing, kNone);
}

TEST(FramingError, IsDescribedInWords) {
  for (const FramingError error : {FramingError::None, FramingError::BadContentLength, FramingError::BadTransferEncoding,
                                   FramingError::UnsupportedTransferCoding, FramingError::TwoLengths}) {
    EXPECT_FALSE(describe(error).empty());
  }
}

}  // namespace
}  // namespace weir::http1
