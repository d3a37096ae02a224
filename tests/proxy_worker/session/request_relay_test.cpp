#include "proxy_worker/session/request_relay.h"

#include <gtest/gtest.h>

#include <optional>
#include <span>
#include <string>

#include "tests/proxy_worker/session/far_side.h"

namespace weir::session {
namespace {

using State = RequestRelay::State;

constexpr http1::BodyFraming kChunked{http1::BodyKind::Chunked, 0};

// The content of a chunked body, whatever its chunks; nothing when it is not a complete one.
std::optional<std::string> dechunked(std::string body, std::string* trailers = nullptr) {
  http1::BodyDecoder decoder(kChunked);
  const auto result = decoder.decode(body);
  if (result.status != http1::BodyDecoder::Status::Complete || result.consumed != body.size()) {
    return std::nullopt;
  }
  if (trailers != nullptr) {
    *trailers = decoder.trailers();
  }
  return std::string(result.content);
}

class RequestRelayTest : public testing::Test {
 protected:
  // Feeds `bytes` in two pieces, the second beginning at `split`; gives how many octets were the body's.
  std::size_t feed(std::string bytes, std::size_t split, net::Stream& origin) {
    const std::size_t first = relay_.feed(std::span(bytes).first(split), origin);
    return first < split ? first : first + relay_.feed(std::span(bytes).subspan(split), origin);
  }

  net::EventLoop loop_;
  RequestRelay relay_;
};

TEST_F(RequestRelayTest, IsCompleteWithoutABody) {
  tests::FarSide origin(loop_);
  relay_.start({});
  EXPECT_TRUE(relay_.is_complete());
  std::string next = "GET";
  EXPECT_EQ(relay_.feed(next, origin.stream()), 0u);
  EXPECT_EQ(origin.take_all_written(), "");
}

TEST_F(RequestRelayTest, SendsABodyOfKnownLengthAndNothingBehindIt) {
  const std::string bytes = "helloGET / HTTP/1.1";
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    tests::FarSide origin(loop_);
    relay_.start({http1::BodyKind::Length, 5});
    EXPECT_EQ(relay_.state(), State::Receiving);
    EXPECT_EQ(feed(bytes, split, origin.stream()), 5u) << split;
    EXPECT_TRUE(relay_.is_complete());
    EXPECT_EQ(relay_.content_bytes(), 5u);
    EXPECT_EQ(relay_.raw_bytes(), 5u);
    EXPECT_EQ(origin.take_all_written(), "hello");
  }
}

TEST_F(RequestRelayTest, SendsAChunkedBodyInChunksOfItsOwn) {
  const std::string body = "5;ext=\"x\"\r\nhello\r\n7\r\n, world\r\n0\r\nDigest: a\r\nContent-Length: 9\r\n\r\n";
  const std::string bytes = body + "GET / HTTP/1.1";
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    tests::FarSide origin(loop_);
    relay_.start(kChunked);
    EXPECT_EQ(feed(bytes, split, origin.stream()), body.size()) << split;
    EXPECT_TRUE(relay_.is_complete());
    EXPECT_EQ(relay_.content_bytes(), 12u);
    EXPECT_EQ(relay_.raw_bytes(), body.size());
    std::string trailers;
    EXPECT_EQ(dechunked(origin.take_all_written(), &trailers), "hello, world") << split;
    EXPECT_EQ(trailers, "Digest: a\r\n\r\n") << split;
  }
}

// RFC 9112 section 8: an upload that was aborted must not look complete to the origin.
TEST_F(RequestRelayTest, NeverEndsABodyThatIsNotComplete) {
  for (const std::string body : {"5\r\nhello\r\n", "5\r\nhel", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\nA: b\r\n"}) {
    tests::FarSide origin(loop_);
    relay_.start(kChunked);
    EXPECT_EQ(feed(body, 0, origin.stream()), body.size());
    EXPECT_EQ(relay_.state(), State::Receiving);
    EXPECT_FALSE(dechunked(origin.take_all_written())) << body;
  }
}

TEST_F(RequestRelayTest, NeverEndsABodyThatIsMalformed) {
  for (const std::string body : {"5\r\nhello!\r\n0\r\n\r\n", "x\r\n", "5\r\nhello\r\n0\r\nA : b\r\n\r\n", "5\nhello\n0\n\n"}) {
    tests::FarSide origin(loop_);
    relay_.start(kChunked);
    (void)feed(body, 0, origin.stream());
    EXPECT_EQ(relay_.state(), State::Malformed) << body;
    std::string more = "0\r\n\r\n";
    EXPECT_EQ(relay_.feed(more, origin.stream()), 0u);
    EXPECT_FALSE(dechunked(origin.take_all_written())) << body;
  }
}

TEST_F(RequestRelayTest, KeepsWhatComesBeforeThereIsAConnection) {
  tests::FarSide origin(loop_);
  relay_.start(kChunked);
  std::string pending;
  std::string first = "5\r\nhello\r\n2\r\n,";
  EXPECT_EQ(relay_.feed(first, pending), first.size());
  std::string second = " \r\n0\r\n\r\nGET";
  EXPECT_EQ(relay_.feed(second, origin.stream()), second.size() - 3);
  EXPECT_EQ(dechunked(pending + origin.take_all_written()), "hello, ");
  relay_.start({http1::BodyKind::Length, 3});
  pending.clear();
  std::string body = "abcd";
  EXPECT_EQ(relay_.feed(body, pending), 3u);
  EXPECT_EQ(pending, "abc");
}

TEST_F(RequestRelayTest, BeginsAnew) {
  tests::FarSide origin(loop_);
  relay_.start(kChunked);
  std::string bad = "x";
  (void)relay_.feed(bad, origin.stream());
  relay_.start({http1::BodyKind::Length, 1});
  EXPECT_EQ(relay_.state(), State::Receiving);
  EXPECT_EQ(relay_.raw_bytes(), 0u);
  EXPECT_EQ(relay_.content_bytes(), 0u);
}

TEST(ChunkFrame, SurroundsItsContent) {
  const std::string content(0xabc, 'x');
  const ChunkFrame frame(content, false, {});
  EXPECT_EQ(frame.before(), "abc\r\n");
  EXPECT_EQ(frame.content(), content);
  EXPECT_EQ(frame.after(), "\r\n");
}

// An empty chunk would be the last one (RFC 9112 section 7.1).
TEST(ChunkFrame, IsNothingWithoutContent) {
  const ChunkFrame frame({}, false, {});
  EXPECT_EQ(frame.before(), "");
  EXPECT_EQ(frame.after(), "");
}

TEST(ChunkFrame, EndsTheBody) {
  EXPECT_EQ(ChunkFrame({}, true, {}).after(), "0\r\n\r\n");
  EXPECT_EQ(ChunkFrame("x", true, "A: b\r\n\r\n").after(), "\r\n0\r\nA: b\r\n\r\n");
}

}  // namespace
}  // namespace weir::session
