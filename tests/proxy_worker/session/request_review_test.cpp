#include "proxy_worker/session/request_review.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace weir::session {
namespace {

// The views in the transaction point into `text`.
struct Reviewed {
  explicit Reviewed(std::string request) : text(std::move(request)) {
    EXPECT_EQ(http1::parse_request_head(text, head), http1::HeadError::None) << text;
    answer = review_request(head, transaction);
  }
  Reason reason() const { return answer ? answer->reason : Reason::None; }

  std::string text;
  http1::RequestHead head;
  Transaction transaction;
  std::optional<Answer> answer;
};

Reason reason_for(const std::string& request_line, const std::string& fields = "Host: a.example\r\n") {
  return Reviewed(request_line + "\r\n" + fields + "\r\n").reason();
}

bool keeps_alive(const std::string& version, const std::string& fields) {
  return Reviewed("GET http://a.example/ " + version + "\r\nHost: a.example\r\n" + fields + "\r\n").transaction.client_keeps_alive;
}

TEST(RequestReview, NotesWhatIsAskedFor) {
  const Reviewed reviewed("POST http://A.example:81/x?y#z HTTP/1.1\r\nHost: a.example:81\r\nUser-Agent: Ua/1\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(reviewed.reason(), Reason::None);
  const Transaction& transaction = reviewed.transaction;
  EXPECT_EQ(transaction.request_framing, (http1::BodyFraming{http1::BodyKind::Length, 5}));
  EXPECT_EQ(transaction.client_minor_version, 1u);
  EXPECT_EQ(transaction.event.method(), "POST");
  EXPECT_EQ(transaction.event.scheme(), "http");
  EXPECT_EQ(transaction.event.host(), "a.example");
  EXPECT_EQ(transaction.event.port(), 81u);
  EXPECT_EQ(transaction.event.path(), "/x?y");
  EXPECT_EQ(transaction.event.user_agent(), "Ua/1");
}

TEST(RequestReview, NotesATunnel) {
  const Reviewed reviewed("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
  EXPECT_EQ(reviewed.reason(), Reason::None);
  EXPECT_TRUE(reviewed.transaction.is_tunnel_request());
  EXPECT_EQ(reviewed.transaction.event.scheme(), "https");
  EXPECT_EQ(reviewed.transaction.event.port(), 443u);
  EXPECT_EQ(reviewed.transaction.event.path(), "");
}

// RFC 9112 section 3.2.
TEST(RequestReview, WantsExactlyOneValidHost) {
  EXPECT_EQ(reason_for("GET http://a.example/ HTTP/1.1", ""), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("GET http://a.example/ HTTP/1.1", "Host: a.example\r\nHost: a.example\r\n"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("GET http://a.example/ HTTP/1.0", "Host: a.example\r\nhost: b.example\r\n"), Reason::MalformedRequest);
  for (const char* host : {"a b", "a.example/", "http://a.example", "a.example:x", "a.example:0", "a,b", "u@a.example", "[::1", "a..b"}) {
    EXPECT_EQ(reason_for("GET http://a.example/ HTTP/1.1", "Host: " + std::string(host) + "\r\n"), Reason::MalformedRequest) << host;
  }
  for (const char* host : {"", "b.example", "b.example:8080", "[::1]", "192.0.2.1:81"}) {
    EXPECT_EQ(reason_for("GET http://a.example/ HTTP/1.1", "Host: " + std::string(host) + "\r\n"), Reason::None) << host;
  }
}

TEST(RequestReview, WantsNoHostOfAnHttp10Client) { EXPECT_EQ(reason_for("GET http://a.example/ HTTP/1.0", ""), Reason::None); }

TEST(RequestReview, RefusesTargetsThatCannotBeForwarded) {
  EXPECT_EQ(reason_for("GET https://a.example/ HTTP/1.1"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("GET ftp://a.example/ HTTP/1.1"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("GET http://u:p@a.example/ HTTP/1.1"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("CONNECT a.example HTTP/1.1"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("GET a.example:80 HTTP/1.1"), Reason::MalformedRequest);
}

TEST(RequestReview, KnowsWhatIsMeantForTheProxyItself) {
  EXPECT_EQ(reason_for("GET / HTTP/1.1"), Reason::NotForProxy);
}

// RFC 9112 section 6.
TEST(RequestReview, RefusesBodiesOfUnclearLength) {
  const std::string line = "POST http://a.example/ HTTP/1.1";
  const std::string host = "Host: a.example\r\n";
  EXPECT_EQ(reason_for(line, host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for(line, host + "Content-Length: 5\r\nContent-Length: 5\r\n"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for(line, host + "Transfer-Encoding: chunked, chunked\r\n"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for(line, host + "Transfer-Encoding: gzip\r\n"), Reason::UnsupportedCoding);
  EXPECT_EQ(reason_for(line, host + "Transfer-Encoding: chunked\r\n"), Reason::None);
}

// RFC 9110 section 9.3.6: what follows CONNECT's head is the tunnel's.
TEST(RequestReview, RefusesABodyOfConnect) {
  EXPECT_EQ(reason_for("CONNECT a.example:443 HTTP/1.1", "Host: a\r\nContent-Length: 5\r\n"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("CONNECT a.example:443 HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n"), Reason::MalformedRequest);
  EXPECT_EQ(reason_for("CONNECT a.example:443 HTTP/1.1", "Host: a\r\nContent-Length: 0\r\n"), Reason::None);
}

// RFC 9112 section 9.3. Old clients say Proxy-Connection.
TEST(RequestReview, KnowsWhetherTheClientStays) {
  EXPECT_TRUE(keeps_alive("HTTP/1.1", ""));
  EXPECT_TRUE(keeps_alive("HTTP/1.1", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps_alive("HTTP/1.1", "Connection: x, Close\r\n"));
  EXPECT_FALSE(keeps_alive("HTTP/1.1", "Proxy-Connection: close\r\n"));
  EXPECT_FALSE(keeps_alive("HTTP/1.0", ""));
  EXPECT_TRUE(keeps_alive("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_TRUE(keeps_alive("HTTP/1.0", "Proxy-Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps_alive("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

// RFC 9110 section 7.8: Upgrade counts only when Connection names it, and never from HTTP/1.0.
TEST(RequestReview, KnowsWhetherTheClientWantsAnotherProtocol) {
  const auto wants_upgrade = [](const std::string& version, const std::string& fields) {
    return Reviewed("GET http://a.example/ " + version + "\r\nHost: a\r\n" + fields + "\r\n").transaction.wants_upgrade;
  };
  EXPECT_TRUE(wants_upgrade("HTTP/1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_FALSE(wants_upgrade("HTTP/1.1", "Upgrade: websocket\r\n"));
  EXPECT_FALSE(wants_upgrade("HTTP/1.1", "Connection: Upgrade\r\n"));
  EXPECT_FALSE(wants_upgrade("HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  // RFC 9113 section 3.1: h2c needs HTTP2-Settings, which ends at this hop.
  EXPECT_FALSE(wants_upgrade("HTTP/1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"));
}

TEST(RequestReview, KnowsTheReasonOfEachFaultOfAHead) {
  EXPECT_EQ(reason_of(http1::HeadError::None), Reason::None);
  EXPECT_EQ(reason_of(http1::HeadError::BadStartLine), Reason::MalformedRequest);
  EXPECT_EQ(reason_of(http1::HeadError::BadField), Reason::MalformedRequest);
  EXPECT_EQ(reason_of(http1::HeadError::BadVersion), Reason::UnsupportedVersion);
  EXPECT_EQ(reason_of(http1::HeadError::TooManyFields), Reason::HeadTooLarge);
  EXPECT_EQ(reason_of(http1::HeadError::TargetTooLong), Reason::TargetTooLong);
}

// RFC 9110 section 7.6.2: only OPTIONS and TRACE count their way.
TEST(RequestReview, CountsForwardsDown) {
  const auto reviewed = [](const std::string& line, const std::string& fields) {
    return Reviewed(line + " HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n");
  };
  const Reviewed on = reviewed("TRACE http://a.example/", "Max-Forwards: 3\r\n");
  EXPECT_EQ(on.reason(), Reason::None);
  EXPECT_FALSE(on.transaction.is_for_proxy);
  EXPECT_EQ(on.transaction.max_forwards, 2u);
  const Reviewed far = reviewed("OPTIONS http://a.example/", "Max-Forwards: 99999999999999999999999\r\n");
  EXPECT_EQ(far.reason(), Reason::None);
  EXPECT_EQ(far.transaction.max_forwards, 254u);
  EXPECT_TRUE(reviewed("OPTIONS http://a.example/", "max-forwards: 000\r\n").transaction.is_for_proxy);
  EXPECT_TRUE(reviewed("TRACE http://a.example/", "Max-Forwards: 0\r\n").transaction.is_for_proxy);
  for (const char* bad : {"Max-Forwards:\r\n", "Max-Forwards: -1\r\n", "Max-Forwards: 1, 1\r\n", "Max-Forwards: 1\r\nMax-Forwards: 1\r\n"}) {
    EXPECT_EQ(reviewed("TRACE http://a.example/", bad).reason(), Reason::MalformedRequest) << bad;
    EXPECT_EQ(reviewed("GET http://a.example/", bad).reason(), Reason::None) << bad;
  }
  const Reviewed other = reviewed("GET http://a.example/", "Max-Forwards: 0\r\n");
  EXPECT_FALSE(other.transaction.is_for_proxy);
  EXPECT_EQ(other.transaction.max_forwards, std::nullopt);
}

TEST(RequestReview, KnowsAQuestionToTheProxyItself) {
  for (const char* fields : {"", "Max-Forwards: 5\r\n"}) {
    const Reviewed reviewed("OPTIONS * HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "\r\n");
    EXPECT_EQ(reviewed.reason(), Reason::None);
    EXPECT_TRUE(reviewed.transaction.is_for_proxy);
    EXPECT_EQ(reviewed.transaction.event.path(), "*");
    EXPECT_EQ(reviewed.transaction.event.host(), "");
  }
  EXPECT_FALSE(Reviewed("OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n").transaction.is_for_proxy);
}

// RFC 9110 section 7.6.3.
TEST(RequestReview, EndsALoop) {
  const auto reason_with_own = [](int times, const std::string& member) {
    std::string via = "Via: 1.0 fred, 1.1 weird, 1.1 weirs (weir)\r\nVia: 1.1 other";
    for (int i = 0; i < times; ++i) {
      via += ", " + member;
    }
    return reason_for("GET http://a.example/ HTTP/1.1", "Host: a.example\r\n" + via + "\r\n");
  };
  EXPECT_EQ(reason_with_own(7, "1.1 weir"), Reason::None);
  EXPECT_EQ(reason_with_own(8, "1.1 weir"), Reason::RequestLoop);
  EXPECT_EQ(reason_with_own(8, "HTTP/1.0 \tweir (a comment)"), Reason::RequestLoop);
}

}  // namespace
}  // namespace weir::session
