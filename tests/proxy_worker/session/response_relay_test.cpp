#include "proxy_worker/session/response_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy_worker/session/transaction.h"
#include "tests/proxy_worker/session/far_side.h"
#include "tests/support/apply_changes.h"

namespace weir::session {
namespace {

using State = ResponseRelay::State;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Circumstances {
  std::string method = "GET";
  unsigned client_minor_version = 1;
  bool wants_upgrade = false;
  bool origin_ends = false;  // behind the last octet
  ResponseRelay::Conditions conditions{.may_keep_client = true, .request_is_complete = true};
};

struct Relayed {
  State state = State::AwaitingHead;
  std::string sent;
  std::size_t used = 0;
  bool keeps_client = false;
  bool keeps_origin = false;
  bool ends_with_connection = false;
  std::uint64_t content_bytes = 0;
  unsigned status = 0;
  std::string origin_head;
  std::string sent_head;
};

class ResponseRelayTest : public testing::Test {
 protected:
  // The response arrives in pieces that end at each of `ends`, and at the end of all.
  Relayed relay(std::string bytes, const Circumstances& circumstances = {}, std::vector<std::size_t> ends = {}) {
    tests::FarSide client(loop_);
    Transaction transaction;
    transaction.event.set_method(circumstances.method);
    transaction.client_minor_version = circumstances.client_minor_version;
    transaction.wants_upgrade = circumstances.wants_upgrade;
    ResponseRelay relay;
    relay.start();
    http1::ResponseHead scratch;
    Relayed result;
    ends.push_back(bytes.size());
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      const auto piece = std::span(bytes).subspan(begin, end - begin);
      const std::size_t used = relay.feed(piece, client.stream(), transaction, circumstances.conditions, scratch);
      result.used += used;
      begin = end;
      if (used < piece.size()) {
        break;
      }
    }
    if (circumstances.origin_ends && relay.state() != State::Complete) {
      relay.finish(client.stream());
    }
    result.state = relay.state();
    result.keeps_client = relay.keeps_client();
    result.keeps_origin = relay.keeps_origin();
    result.ends_with_connection = relay.ends_with_connection();
    result.content_bytes = relay.content_bytes();
    result.status = transaction.event.status();
    result.origin_head = transaction.event.origin_head();
    const proto::HeadChanges& relayed = transaction.event.relayed_head();
    result.sent_head = tests::apply_changes(relayed.steps(), relayed.text(), result.origin_head);
    result.sent = client.take_all_written();
    return result;
  }
  // What a client makes of it is the same whole, byte by byte and split anywhere; gives the whole.
  Relayed relay_in_every_way(const std::string& bytes, const Circumstances& circumstances = {}) {
    const Relayed whole = relay(bytes, circumstances);
    std::vector<std::vector<std::size_t>> ways(1);
    for (std::size_t i = 1; i < bytes.size(); ++i) {
      ways[0].push_back(i);
      ways.push_back({i});
    }
    for (const auto& ends : ways) {
      const Relayed other = relay(bytes, circumstances, ends);
      EXPECT_EQ(other.state, whole.state) << ends.size() << " pieces, first " << ends[0];
      EXPECT_TRUE(other.used == whole.used || whole.state == State::Malformed) << ends.size() << " pieces, first " << ends[0];
      EXPECT_EQ(seen(other.sent, circumstances), seen(whole.sent, circumstances)) << ends.size() << " pieces, first " << ends[0];
    }
    return whole;
  }
  // Head and content, without the framing; nothing when the response is not complete.
  static std::optional<std::string> seen(std::string sent, const Circumstances& circumstances = {}) {
    std::string heads;
    while (true) {
      http1::HeadScanner scanner;
      http1::ResponseHead head;
      http1::BodyFraming framing;
      if (scanner.scan(sent) != http1::HeadScanner::Result::Complete ||
          http1::parse_response_head(std::string_view(sent).substr(0, scanner.head_bytes()), head) != http1::HeadError::None ||
          http1::response_framing(head, circumstances.method, framing) != http1::FramingError::None) {
        return std::nullopt;
      }
      const bool is_final = head.status / 100 != 1 || head.status == 101;
      heads += head.text;
      sent.erase(0, scanner.head_bytes());
      if (is_final) {
        http1::BodyDecoder decoder(framing);
        const auto result = decoder.decode(sent);
        const bool is_complete = decoder.finish() == http1::BodyDecoder::Status::Complete && result.consumed == sent.size();
        return is_complete ? std::optional(heads + std::string(result.content)) : std::nullopt;
      }
    }
  }

  net::EventLoop loop_;
};

TEST_F(ResponseRelayTest, PassesABodyOfKnownLengthOn) {
  const Relayed relayed = relay_in_every_way("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX: y\r\n\r\nhello");
  EXPECT_EQ(relayed.state, State::Complete);
  EXPECT_EQ(relayed.sent, "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX: y\r\nVia: 1.1 weir\r\n\r\nhello");
  EXPECT_EQ(relayed.status, 200u);
  EXPECT_EQ(relayed.content_bytes, 5u);
  EXPECT_TRUE(relayed.keeps_client);
  EXPECT_TRUE(relayed.keeps_origin);
}

TEST_F(ResponseRelayTest, PassesAChunkedBodyOn) {
  const Relayed relayed = relay_in_every_way("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n1\r\n!\r\n0\r\nDigest: a\r\n\r\n");
  EXPECT_EQ(relayed.state, State::Complete);
  EXPECT_EQ(relayed.sent, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.1 weir\r\n\r\n6\r\nhello!\r\n0\r\nDigest: a\r\n\r\n");
  EXPECT_EQ(relayed.content_bytes, 6u);
  EXPECT_TRUE(relayed.keeps_client);
  EXPECT_TRUE(relayed.keeps_origin);
}

// RFC 9112 section 7.1.3: a client of HTTP/1.0 knows no chunks.
TEST_F(ResponseRelayTest, TakesTheChunksOffForAnHttp10Client) {
  const Circumstances old{.client_minor_version = 0};
  const Relayed relayed = relay_in_every_way("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", old);
  EXPECT_EQ(relayed.sent, "HTTP/1.1 200 OK\r\nVia: 1.1 weir\r\nConnection: close\r\n\r\nhello");
  EXPECT_FALSE(relayed.keeps_client);
  EXPECT_TRUE(relayed.ends_with_connection);
  EXPECT_TRUE(relayed.keeps_origin);
}

TEST_F(ResponseRelayTest, ChunksABodyThatEndsWithTheOriginsConnection) {
  const Relayed relayed = relay_in_every_way("HTTP/1.0 200 OK\r\n\r\nhello", {.origin_ends = true});
  EXPECT_EQ(relayed.state, State::Complete);
  EXPECT_EQ(seen(relayed.sent), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.0 weir\r\n\r\nhello");
  EXPECT_TRUE(relayed.keeps_client);
  EXPECT_FALSE(relayed.keeps_origin);
  EXPECT_FALSE(relay("HTTP/1.1 200 OK\r\n\r\nhello", {.origin_ends = true}).keeps_origin);
}

TEST_F(ResponseRelayTest, EndsItsOwnConnectionForAnHttp10ClientWhereTheOriginDoes) {
  const Relayed relayed = relay("HTTP/1.0 200 OK\r\n\r\nhello", {.client_minor_version = 0, .origin_ends = true});
  EXPECT_EQ(relayed.sent, "HTTP/1.1 200 OK\r\nVia: 1.0 weir\r\nConnection: close\r\n\r\nhello");
  EXPECT_FALSE(relayed.keeps_client);
}

// RFC 9112 section 8: what is cut off must not look complete.
TEST_F(ResponseRelayTest, NeverCompletesAResponseThatIsCutOff) {
  for (const std::string text : {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "HTTP/1.1 200 OK\r\nContent-Le", "",
                                 "HTTP/1.1 100 Continue\r\n\r\n"}) {
    const Relayed relayed = relay(text, {.origin_ends = true});
    EXPECT_EQ(relayed.state, State::Malformed) << text;
    EXPECT_FALSE(seen(relayed.sent)) << text;
  }
}

// RFC 9110 section 6.4.1, RFC 9112 section 6.3.
TEST_F(ResponseRelayTest, PassesNoBodyOnWhereNoneCanBe) {
  const Relayed head = relay_in_every_way("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {.method = "HEAD"});
  EXPECT_EQ(head.state, State::Complete);
  EXPECT_EQ(head.sent, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nVia: 1.1 weir\r\n\r\n");
  for (const std::string text : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"}) {
    const Relayed relayed = relay_in_every_way(text);
    EXPECT_EQ(relayed.state, State::Complete);
    EXPECT_TRUE(relayed.keeps_origin);
    EXPECT_EQ(relayed.content_bytes, 0u);
  }
}

TEST_F(ResponseRelayTest, TakesNothingBehindTheResponse) {
  for (const std::string text : {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
                                 "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    const Relayed relayed = relay(text + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    EXPECT_EQ(relayed.used, text.size());
    EXPECT_THAT(relayed.sent, Not(HasSubstr("evil")));
    EXPECT_EQ(seen(relayed.sent).has_value(), true);
  }
}

// RFC 9110 section 15.2.
TEST_F(ResponseRelayTest, PassesInterimResponsesOn) {
  const Relayed relayed =
      relay_in_every_way("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\nConnection: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(relayed.state, State::Complete);
  EXPECT_EQ(relayed.sent,
            "HTTP/1.1 100 Continue\r\nVia: 1.1 weir\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\nVia: 1.1 weir\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nVia: 1.1 weir\r\n\r\nhi");
  EXPECT_EQ(relayed.status, 200u);
}

TEST_F(ResponseRelayTest, PassesNoInterimResponseToAnHttp10Client) {
  const Relayed relayed = relay("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", {.client_minor_version = 0});
  EXPECT_THAT(relayed.sent, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ResponseRelayTest, BoundsTheNumberOfInterimResponses) {
  const auto with_interim = [this](unsigned count) {
    std::string text;
    for (unsigned i = 0; i < count; ++i) {
      text += "HTTP/1.1 102 Processing\r\n\r\n";
    }
    return relay(text + "HTTP/1.1 204 No Content\r\n\r\n").state;
  };
  EXPECT_EQ(with_interim(ResponseRelay::kInterimResponsesMax - 1), State::Complete);
  EXPECT_EQ(with_interim(ResponseRelay::kInterimResponsesMax), State::Complete);
  EXPECT_EQ(with_interim(ResponseRelay::kInterimResponsesMax + 1), State::Malformed);
}

TEST_F(ResponseRelayTest, BoundsTheHead) {
  const auto with_head = [this](std::size_t bytes) {
    std::string text = "HTTP/1.1 204 No Content\r\nA: ";
    text += std::string(bytes - text.size() - 4, 'a') + "\r\n\r\n";
    EXPECT_EQ(text.size(), bytes);
    EXPECT_EQ(relay(text).state, relay(text, {}, {bytes / 2, bytes - 1}).state);
    return relay(text).state;
  };
  EXPECT_EQ(with_head(ResponseRelay::kHeadBytesMax - 1), State::Complete);
  EXPECT_EQ(with_head(ResponseRelay::kHeadBytesMax), State::Complete);
  EXPECT_EQ(with_head(ResponseRelay::kHeadBytesMax + 1), State::Malformed);
  EXPECT_EQ(relay("HTTP/1.1 200 OK\r\nA: " + std::string(ResponseRelay::kHeadBytesMax, 'a')).state, State::Malformed) << "no end is waited for";
}

TEST_F(ResponseRelayTest, SendsNothingOfAMalformedHead) {
  for (const std::string text : {"garbage\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    const Relayed relayed = relay_in_every_way(text);
    EXPECT_EQ(relayed.state, State::Malformed) << text;
    EXPECT_EQ(relayed.sent, "") << text;
    EXPECT_EQ(relayed.status, 0u) << text;
  }
}

TEST_F(ResponseRelayTest, NeverCompletesAMalformedBody) {
  for (const std::string body : {"5\r\nhello!\r\n0\r\n\r\n", "zz\r\n", "5\r\nhello\r\n0\r\nA : b\r\n\r\n"}) {
    const Relayed relayed = relay("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
    EXPECT_EQ(relayed.state, State::Malformed) << body;
    EXPECT_FALSE(seen(relayed.sent)) << body;
  }
}

// RFC 9112 section 9.3.
TEST_F(ResponseRelayTest, KnowsWhetherTheOriginStays) {
  const auto keeps_origin = [this](const std::string& version, const std::string& fields) {
    return relay(version + " 200 OK\r\nContent-Length: 0\r\n" + fields + "\r\n").keeps_origin;
  };
  EXPECT_TRUE(keeps_origin("HTTP/1.1", ""));
  EXPECT_FALSE(keeps_origin("HTTP/1.1", "Connection: x, Close\r\n"));
  EXPECT_FALSE(keeps_origin("HTTP/1.0", ""));
  EXPECT_TRUE(keeps_origin("HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST_F(ResponseRelayTest, KeepsTheClientOnlyWhenNothingSpeaksAgainstIt) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  for (const bool may_keep : {false, true}) {
    for (const bool is_complete : {false, true}) {
      const Relayed relayed = relay(text, {.conditions = {.may_keep_client = may_keep, .request_is_complete = is_complete}});
      EXPECT_EQ(relayed.keeps_client, may_keep && is_complete);
      EXPECT_EQ(relayed.sent.find("Connection: close") == std::string::npos, may_keep && is_complete);
    }
  }
}

// RFC 9110 section 7.8.
TEST_F(ResponseRelayTest, SwitchesProtocolsWhenTheClientAskedForIt) {
  const std::string head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const Relayed relayed = relay(head + "frames", {.wants_upgrade = true});
  EXPECT_EQ(relayed.state, State::Switched);
  EXPECT_EQ(relayed.used, head.size()) << "what follows is the tunnel's";
  EXPECT_THAT(relayed.sent, HasSubstr("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  const Relayed declined = relay("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", {.wants_upgrade = true});
  EXPECT_EQ(declined.state, State::Complete);
  EXPECT_THAT(declined.sent, Not(HasSubstr("Upgrade")));
  const Relayed too_early = relay(head, {.wants_upgrade = true, .conditions = {.request_is_complete = false}});
  EXPECT_EQ(too_early.state, State::Malformed) << "the rest of the request would become the tunnel's first octets";
  EXPECT_EQ(too_early.sent, "");
}

TEST_F(ResponseRelayTest, KeepsTheHeadsForTheRecordWhenAsked) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: secret\r\nContent-Type: a/b\r\n\r\n";
  const Relayed relayed = relay(text, {.conditions = {.may_keep_client = true, .request_is_complete = true, .keeps_heads = true}});
  EXPECT_EQ(relayed.origin_head, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: [masked]\r\nContent-Type: a/b\r\n\r\n");
  EXPECT_EQ(relayed.sent_head, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: [masked]\r\nContent-Type: a/b\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_THAT(relayed.sent, HasSubstr("Set-Cookie: secret"));
  EXPECT_EQ(relay(text).origin_head, "");
}

}  // namespace
}  // namespace weir::session
