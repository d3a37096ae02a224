#include "proxy_worker/http1/head_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/apply_changes.h"

namespace weir::http1 {
namespace {

// As it is logged.
template <class Head>
std::string masked(const Head& head) {
  std::string out;
  write_masked(start_line(head.text), head.fields, out);
  return out;
}

// What is logged of a written head, whatever it is, is that head, masked.
template <class Head, class Form>
std::string written(const Head& received, const Form& form, void (*write)(const Head&, const Form&, std::string&, std::optional<ChangeLog>),
                    HeadError (*parse)(std::string_view, Head&, std::size_t)) {
  std::string out;
  write(received, form, out, {});
  std::string logged = "as before: ";
  HeadChanges changes;
  changes.put_in("left from another one");
  const std::string received_text = masked(received);
  write(received, form, logged, ChangeLog{received_text, changes});
  EXPECT_EQ(logged, "as before: " + out) << "a log does not change what is written";
  Head sent;
  EXPECT_EQ(parse(out, sent, kFieldsMax + kFieldsAddedMax), HeadError::None);
  EXPECT_EQ(tests::apply_changes(changes.steps(), changes.text(), received_text), masked(sent));
  return out;
}

std::string sent_request(const std::string& text, BodyFraming framing = {}, UpgradeField upgrade = UpgradeField::Dropped) {
  RequestHead head;
  EXPECT_EQ(parse_request_head(text, head), HeadError::None);
  RequestTarget target;
  EXPECT_EQ(parse_request_target(head.method, head.target, target), TargetError::None);
  return written(head, RequestForm{.target = target, .framing = framing, .upgrade = upgrade}, write_request_head, parse_request_head);
}

std::string sent_response(const std::string& text, const ResponseForm& form) {
  ResponseHead head;
  EXPECT_EQ(parse_response_head(text, head), HeadError::None);
  return written(head, form, write_response_head, parse_response_head);
}

TEST(RequestForOrigin, HasOriginFormHostAndVia) {
  EXPECT_EQ(sent_request("GET http://A.example:8080/x?y HTTP/1.1\r\nHost: a.example:8080\r\nAccept: */*\r\n\r\n"),
            "GET /x?y HTTP/1.1\r\nHost: A.example:8080\r\nAccept: */*\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9112 section 3.2.1: an empty path is "/".
TEST(RequestForOrigin, HasAPath) {
  EXPECT_EQ(sent_request("GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n").substr(0, 16), "GET / HTTP/1.1\r\n");
  EXPECT_EQ(sent_request("GET http://a.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n").substr(0, 18), "GET /?q HTTP/1.1\r\n");
}

// RFC 9112 section 3.2.4.
TEST(RequestForOrigin, HasAsteriskFormForOptionsOfAWholeOrigin) {
  EXPECT_EQ(sent_request("OPTIONS http://a.example:81 HTTP/1.1\r\nHost: a.example:81\r\n\r\n"),
            "OPTIONS * HTTP/1.1\r\nHost: a.example:81\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_request("OPTIONS http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n").substr(0, 20), "OPTIONS / HTTP/1.1\r\n");
}

// RFC 9112 section 3.2.2: the received Host is ignored; the target's authority is passed on octet for octet.
TEST(RequestForOrigin, HasItsHostFromTheTarget) {
  EXPECT_EQ(sent_request("GET http://a.example/ HTTP/1.1\r\nA: 1\r\nhost: evil.example\r\nB: 2\r\n\r\n"),
            "GET / HTTP/1.1\r\nA: 1\r\nhost: a.example\r\nB: 2\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_request("GET http://[2001:DB8::1]:80/ HTTP/1.1\r\nHost: x\r\n\r\n"), "GET / HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(RequestForOrigin, GetsAHostThatAnHttp10ClientDidNotSend) {
  EXPECT_EQ(sent_request("GET http://a.example/ HTTP/1.0\r\nA: 1\r\n\r\n"), "GET / HTTP/1.1\r\nHost: a.example\r\nA: 1\r\nVia: 1.0 weir\r\n\r\n");
}

TEST(RequestForOrigin, KeepsNamesValuesOrderAndDuplicates) {
  EXPECT_EQ(sent_request("GET http://a.example/%2e HTTP/1.1\r\nHost: a.example\r\nx-LOWER: \"a\", b\r\nCookie: 1\r\nX-Empty:\r\nCOOKIE:2\xff \r\n\r\n"),
            "GET /%2e HTTP/1.1\r\nHost: a.example\r\nx-LOWER: \"a\", b\r\nCookie: 1\r\nX-Empty: \r\nCOOKIE: 2\xff\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9110 section 7.6.1.
TEST(RequestForOrigin, LosesWhatIsForThisConnectionAlone) {
  EXPECT_EQ(sent_request("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: close, X-Mine\r\nx-mine: 1\r\nKeep-Alive: 5\r\n"
                         "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\nX-Kept: 1\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a.example\r\nX-Kept: 1\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(RequestForOrigin, KeepsHostAndLengthWhateverConnectionNames) {
  EXPECT_EQ(sent_request("POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: host, content-length\r\nContent-Length: 3\r\n\r\n",
                         {BodyKind::Length, 3}),
            "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(RequestForOrigin, SaysThatItIsChunkedOnce) {
  EXPECT_EQ(sent_request("POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: CHUNKED\r\n\r\n", {BodyKind::Chunked, 0}),
            "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(RequestForOrigin, IsFoundBehindEarlierProxies) {
  EXPECT_EQ(sent_request("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nVia: 1.0 other\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a.example\r\nVia: 1.0 other\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9110 section 7.8.
TEST(RequestForOrigin, KeepsAnUpgradeThatIsPassedOn) {
  EXPECT_EQ(sent_request("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", {},
                         UpgradeField::Kept),
            "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9110 section 10.1.1.
TEST(RequestForOrigin, ExpectsNothingForAnHttp10Client) {
  EXPECT_EQ(sent_request("POST http://a.example/ HTTP/1.0\r\nHost: a.example\r\nExpect: 100-continue\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a.example\r\nVia: 1.0 weir\r\n\r\n");
  EXPECT_EQ(sent_request("POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9110 section 7.6.2.
TEST(RequestForOrigin, HasItsNewMaxForwards) {
  RequestHead head;
  ASSERT_EQ(parse_request_head("TRACE http://a.example/ HTTP/1.1\r\nHost: a.example\r\nmax-forwards: 007\r\nA: 1\r\n\r\n", head), HeadError::None);
  RequestTarget target;
  ASSERT_EQ(parse_request_target(head.method, head.target, target), TargetError::None);
  std::string out;
  write_request_head(head, {.target = target, .framing = {}, .max_forwards = 6}, out);
  EXPECT_EQ(out, "TRACE / HTTP/1.1\r\nHost: a.example\r\nmax-forwards: 6\r\nA: 1\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_request("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: 0\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: 0\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9110 section 9.3.8.
TEST(Trace, GivesTheRequestBackWithoutSecrets) {
  RequestHead head;
  ASSERT_EQ(parse_request_head("TRACE http://a.example/x HTTP/1.1\r\nhost: a.example\r\nCookie: a=b\r\nAuthorization: c\r\n"
                               "Proxy-Authorization: d\r\nMax-Forwards: 0\r\nX:  1 \r\n\r\n", head),
            HeadError::None);
  std::string out;
  write_trace(head, out);
  EXPECT_EQ(out, "TRACE http://a.example/x HTTP/1.1\r\nhost: a.example\r\nMax-Forwards: 0\r\nX: 1\r\n\r\n");
}

TEST(RequestForOrigin, IsAppendedToWhatIsThere) {
  RequestHead head;
  ASSERT_EQ(parse_request_head("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", head), HeadError::None);
  RequestTarget target;
  ASSERT_EQ(parse_request_target(head.method, head.target, target), TargetError::None);
  std::string out = "before ";
  write_request_head(head, {.target = target, .framing = {}}, out);
  EXPECT_EQ(out.substr(0, 12), "before GET /");
}

TEST(ResponseForClient, KeepsStatusReasonAndFields) {
  EXPECT_EQ(sent_response("HTTP/1.1 404 Not  F\xf6und \r\nContent-Length: 3\r\nset-cookie: a\r\nSet-Cookie: b\r\nX:\t\"q\" \r\n\r\n",
                          {.client_framing = BodyKind::Length}),
            "HTTP/1.1 404 Not  F\xf6und \r\nContent-Length: 3\r\nset-cookie: a\r\nSet-Cookie: b\r\nX: \"q\"\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_response("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", {}), "HTTP/1.1 200 \r\nContent-Length: 0\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_response("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", {}), "HTTP/1.1 200 \r\nContent-Length: 0\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9110 section 6.6.1.
TEST(ResponseForClient, IsDatedWhenTheOriginDidNot) {
  const ResponseForm form{.date = "Sun, 06 Nov 1994 08:49:37 GMT"};
  EXPECT_EQ(sent_response("HTTP/1.1 204 x\r\nA: 1\r\n\r\n", form),
            "HTTP/1.1 204 x\r\nA: 1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_response("HTTP/1.1 204 x\r\ndate: never\r\n\r\n", form), "HTTP/1.1 204 x\r\ndate: never\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_response("HTTP/1.1 103 x\r\n\r\n", form), "HTTP/1.1 103 x\r\nVia: 1.1 weir\r\n\r\n");
}

// RFC 9110 section 7.6.3: Via tells the version that was received.
TEST(ResponseForClient, TellsTheVersionOfAnOldOrigin) {
  EXPECT_EQ(sent_response("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", {.client_framing = BodyKind::Length}),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nVia: 1.0 weir\r\n\r\n");
}

TEST(ResponseForClient, LosesWhatIsForTheOriginsConnectionAlone) {
  EXPECT_EQ(sent_response("HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nTrailer: A\r\n"
                          "Upgrade: h2c\r\nContent-Length: 1\r\n\r\n",
                          {.client_framing = BodyKind::Length}),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(ResponseForClient, SaysHowItsBodyIsFramedForThisClient) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(sent_response(chunked, {.client_framing = BodyKind::Chunked}), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_response(chunked, {.client_framing = BodyKind::UntilClose, .client_minor_version = 0, .persistence = Persistence::Close}),
            "HTTP/1.1 200 OK\r\nVia: 1.1 weir\r\nConnection: close\r\n\r\n");
}

// RFC 9112 section 9.3.
TEST(ResponseForClient, SaysWhetherTheConnectionStays) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const std::string begin = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: 1.1 weir\r\n";
  EXPECT_EQ(sent_response(text, {}), begin + "\r\n");
  EXPECT_EQ(sent_response(text, {.persistence = Persistence::Close}), begin + "Connection: close\r\n\r\n");
  EXPECT_EQ(sent_response(text, {.client_minor_version = 0}), begin + "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(sent_response(text, {.client_minor_version = 0, .persistence = Persistence::Close}), begin + "Connection: close\r\n\r\n");
}

// RFC 9110 section 8.6, RFC 9112 section 6.1.
TEST(ResponseForClient, HasNoLengthWhereThereCanBeNone) {
  EXPECT_EQ(sent_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", {}), "HTTP/1.1 204 No Content\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_response("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: a\r\n\r\n", {}), "HTTP/1.1 103 Early Hints\r\nLink: a\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(sent_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", {}), "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(ResponseForClient, SaysNothingAboutTheConnectionBeforeTheFinalResponse) {
  EXPECT_EQ(sent_response("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n", {.persistence = Persistence::Close}),
            "HTTP/1.1 100 Continue\r\nVia: 1.1 weir\r\n\r\n");
}

TEST(ResponseForClient, KeepsASwitchOfProtocolsThatIsPassedOn) {
  EXPECT_EQ(sent_response("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
                          {.upgrade = UpgradeField::Kept}),
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nVia: 1.1 weir\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(MaskedHead, ShowsNoCredentials) {
  RequestHead head;
  ASSERT_EQ(parse_request_head("GET / HTTP/1.1\r\nauthorization: Basic c2VjcmV0\r\nCookie: secret\r\nProxy-Authorization: secret\r\nSet-Cookie: secret\r\n"
                               "Accept: x\r\n\r\n",
                               head),
            HeadError::None);
  std::string out;
  write_masked(start_line(head.text), head.fields, out);
  EXPECT_EQ(out,
            "GET / HTTP/1.1\r\nauthorization: [masked]\r\nCookie: [masked]\r\nProxy-Authorization: [masked]\r\nSet-Cookie: [masked]\r\nAccept: x\r\n\r\n");
}

TEST(MaskedHead, ShowsNoUserinfo) {
  const auto masked = [](std::string_view first_line) {
    std::string out;
    write_masked(first_line, {}, out);
    return out.substr(0, out.find("\r\n"));
  };
  EXPECT_EQ(masked("GET http://name:secret@a.example/ HTTP/1.1"), "GET http://[masked]@a.example/ HTTP/1.1");
  EXPECT_EQ(masked("GET http://na@me:secret@a.example HTTP/1.1"), "GET http://[masked]@a.example HTTP/1.1");
  EXPECT_EQ(masked("CONNECT name:secret@a.example:443 HTTP/1.1"), "CONNECT [masked]@a.example:443 HTTP/1.1");
  EXPECT_EQ(masked("GET http://a.example/@x?y=z@w HTTP/1.1"), "GET http://a.example/@x?y=z@w HTTP/1.1");
  EXPECT_EQ(masked("HTTP/1.1 200 O@K"), "HTTP/1.1 200 O@K");
}

// RFC 9110 section 6.5.1: what concerns framing, routing or access may not come late.
TEST(Trailers, AreThoseThatMayStandThere) {
  std::string out = "0\r\n";
  write_trailers("Digest: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: x\r\nAuthorization: x\r\nSet-Cookie: x\r\nTrailer: x\r\n"
                 "Connection: x\r\nContent-Type: x\r\nX-B:\tc \r\n\r\n",
                 out);
  EXPECT_EQ(out, "0\r\nDigest: a\r\nX-B: c\r\n");
}

TEST(Trailers, MayBeNone) {
  std::string out;
  write_trailers("", out);
  EXPECT_EQ(out, "");
}

TEST(Trailers, ThatAreMalformedAreNotWritten) {
  std::string out;
  write_trailers("A b\r\n\r\n", out);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace weir::http1
