#include "proxy_worker/session/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "proxy_worker/http1/body_framing.h"
#include "proxy_worker/http1/head_parser.h"

namespace weir::session {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto kLastReason = Reason::RecordsFull;

// The head as a client parses it; its views point into `text`.
http1::ResponseHead parsed(const AnswerText& text) {
  http1::ResponseHead head;
  EXPECT_EQ(http1::parse_response_head(text.head, head), http1::HeadError::None) << text.head;
  return head;
}

std::string field_of(const AnswerText& text, std::string_view name) {
  for (const http1::Field& field : parsed(text).fields) {
    if (http1::equals_ignoring_case(field.name, name)) {
      return std::string(field.value);
    }
  }
  return "absent";
}

TEST(Answer, IsACompleteResponseForEveryReason) {
  for (int i = 1; i <= static_cast<int>(kLastReason); ++i) {
    const auto reason = static_cast<Reason>(i);
    const ReasonText& expected = text_of(reason);
    EXPECT_EQ(expected.reason, reason);
    EXPECT_FALSE(expected.token.empty() || expected.title.empty() || expected.explanation.empty() || expected.proxy_status.empty());
    for (const bool prefers_json : {false, true}) {
      const AnswerText text = write_answer({.reason = reason}, {.prefers_json = prefers_json});
      const http1::ResponseHead head = parsed(text);
      EXPECT_EQ(head.status, expected.status);
      EXPECT_GE(head.status, 400u);
      EXPECT_NE(reason_phrase(head.status), "Error") << head.status;
      http1::BodyFraming framing;
      EXPECT_EQ(http1::response_framing(head, "GET", framing), http1::FramingError::None);
      EXPECT_EQ(framing, (http1::BodyFraming{http1::BodyKind::Length, text.body.size()}));
      EXPECT_THAT(text.body, HasSubstr(std::string(expected.token)));
      EXPECT_EQ(field_of(text, "Cache-Control"), "no-store");
    }
  }
}

// RFC 9209 section 2.3.
TEST(Answer, SaysInProxyStatusWhatHappened) {
  EXPECT_EQ(field_of(write_answer({.reason = Reason::DnsFailure}, {}), "Proxy-Status"), "weir; error=dns_error");
  EXPECT_EQ(field_of(write_answer({.reason = Reason::ConnectFailure, .detail = "a.example:80: Connection refused."}, {}), "Proxy-Status"),
            "weir; error=destination_unavailable; details=\"a.example:80: Connection refused.\"");
}

// RFC 8941 section 3.3.3: a string has no controls, and quotes could end it.
TEST(Answer, LetsNothingOutOfItsProxyStatus) {
  const std::string detail = "a\"b\\c\r\nSet-Cookie: x\xe2\x82\xac\x7f";
  const AnswerText text = write_answer({.reason = Reason::MalformedRequest, .detail = detail}, {});
  EXPECT_EQ(field_of(text, "Set-Cookie"), "absent");
  EXPECT_EQ(field_of(text, "Proxy-Status"), "weir; error=http_request_error; details=\"a?b?c??Set-Cookie: x????\"");
}

TEST(Answer, EscapesItsDetailInHtml) {
  const AnswerText text = write_answer({.reason = Reason::BlockedDomain, .detail = "<script>\"&'</script>"}, {});
  EXPECT_EQ(field_of(text, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(text.body, HasSubstr("&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;"));
  EXPECT_THAT(text.body, Not(HasSubstr("<script>")));
}

TEST(Answer, IsJsonForThoseWhoPreferIt) {
  const AnswerText text = write_answer({.reason = Reason::BlockedDomain, .detail = "a \"b\"\n\xff"}, {.prefers_json = true});
  EXPECT_EQ(field_of(text, "Content-Type"), "application/json");
  const auto body = nlohmann::json::parse(text.body);
  EXPECT_EQ(body["status"], 403);
  EXPECT_EQ(body["reason"], "blocked_domain");
  EXPECT_EQ(body["fault"], "policy");
  EXPECT_EQ(body["detail"], "a \"b\"\n\xef\xbf\xbd");
}

// RFC 9110 sections 9.3.7 and 9.3.8.
TEST(Answer, IsAboutTheProxyItself) {
  const AnswerText options = write_answer({.reason = Reason::AnsweredByProxy}, {.keeps_connection = true, .date = "now"});
  EXPECT_EQ(parsed(options).status, 200u);
  EXPECT_THAT(field_of(options, "Allow"), HasSubstr("TRACE"));
  EXPECT_EQ(field_of(options, "Content-Length"), "0");
  EXPECT_EQ(field_of(options, "Proxy-Status"), "absent");
  EXPECT_EQ(field_of(options, "Date"), "now");
  EXPECT_EQ(options.body, "");
  const AnswerText trace = write_answer({.reason = Reason::AnsweredByProxy, .content = "TRACE / HTTP/1.1\r\n\r\n"}, {});
  EXPECT_EQ(field_of(trace, "Content-Type"), "message/http");
  EXPECT_EQ(field_of(trace, "Content-Length"), "20");
  EXPECT_EQ(trace.body, "TRACE / HTTP/1.1\r\n\r\n");
}

TEST(Answer, HasNoBodyForHead) {
  const AnswerText with = write_answer({.reason = Reason::DnsFailure}, {});
  const AnswerText without = write_answer({.reason = Reason::DnsFailure}, {.has_body = false});
  EXPECT_EQ(without.head, with.head);
  EXPECT_EQ(without.body, "");
}

// RFC 9110 section 10.2.3: whole seconds; less would invite the client too early.
TEST(Answer, SaysWhenToTryAgain) {
  const auto retry_after = [](std::chrono::microseconds time) {
    return field_of(write_answer({.reason = Reason::RateLimit, .retry_after = time}, {}), "Retry-After");
  };
  EXPECT_EQ(retry_after(std::chrono::microseconds(0)), "absent");
  EXPECT_EQ(retry_after(std::chrono::microseconds(1)), "1");
  EXPECT_EQ(retry_after(std::chrono::seconds(1)), "1");
  EXPECT_EQ(retry_after(std::chrono::microseconds(1'000'001)), "2");
}

TEST(Answer, SaysWhetherTheConnectionStays) {
  const auto connection = [](const AnswerForm& form) { return field_of(write_answer({.reason = Reason::RateLimit}, form), "Connection"); };
  EXPECT_EQ(connection({.keeps_connection = false}), "close");
  EXPECT_EQ(connection({.keeps_connection = true}), "absent");
  EXPECT_EQ(connection({.is_http_1_0 = true, .keeps_connection = true}), "keep-alive");
  EXPECT_EQ(connection({.is_http_1_0 = true, .keeps_connection = false}), "close");
}

}  // namespace
}  // namespace weir::session
