#include "proxy_worker/http1/head_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace weir::http1 {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

HeadError request_error(std::string_view text) {
  RequestHead head;
  return parse_request_head(text, head);
}

HeadError request_line_error(std::string_view line) { return request_error(std::string(line) + "\r\n\r\n"); }

HeadError response_line_error(std::string_view line) {
  ResponseHead head;
  const std::string text = std::string(line) + "\r\n\r\n";
  return parse_response_head(text, head);
}

HeadError field_error(std::string_view line) { return request_error("GET / HTTP/1.1\r\n" + std::string(line) + "\r\n\r\n"); }

TEST(RequestHead, IsTakenApart) {
  const std::string text = "PATCH http://a.example/x HTTP/1.0\r\nHost: a.example\r\nX-Empty:\r\nX-Odd:\t a b \t\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(parse_request_head(text, head), HeadError::None);
  EXPECT_EQ(head.text, text);
  EXPECT_EQ(head.method, "PATCH");
  EXPECT_EQ(head.target, "http://a.example/x");
  EXPECT_EQ(head.minor_version, 0u);
  ASSERT_EQ(head.fields.size(), 3u);
  EXPECT_EQ(head.fields[0].id, FieldId::Host);
  EXPECT_EQ(head.fields[1].value, "");
  EXPECT_EQ(head.fields[2].name, "X-Odd");
  EXPECT_EQ(head.fields[2].value, "a b");
}

TEST(RequestHead, IsReusedWithoutWhatWasInItBefore) {
  RequestHead head;
  ASSERT_EQ(parse_request_head("PUT /a HTTP/1.0\r\nA: 1\r\nB: 2\r\n\r\n", head), HeadError::None);
  ASSERT_EQ(parse_request_head("GET /b HTTP/1.1\r\n\r\n", head), HeadError::None);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.minor_version, 1u);
  EXPECT_TRUE(head.fields.empty());
}

// RFC 9110 section 9.1: any token is a method.
TEST(RequestLine, MayHaveAnyTokenAsMethod) {
  for (const char* method : {"GET", "get", "M-SEARCH", "X!#$%&'*+-.^_`|~09"}) {
    EXPECT_EQ(request_line_error(std::string(method) + " / HTTP/1.1"), HeadError::None) << method;
  }
  for (const char* method : {"", "GE(T", "G\"T", "GET:", "G@T", "GET,", "G\xc3\x84T"}) {
    EXPECT_EQ(request_line_error(std::string(method) + " / HTTP/1.1"), HeadError::BadStartLine) << method;
  }
}

// RFC 9112 section 3: single spaces; lenient splitting on other white space invites request smuggling.
TEST(RequestLine, HasSingleSpaces) {
  for (const char* line : {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1",
                           "GET / x HTTP/1.1", "GET /HTTP/1.1", "GET HTTP/1.1", "GET", "GET ", "GET /", " ", "", "GET / "}) {
    EXPECT_EQ(request_line_error(line), HeadError::BadStartLine) << '"' << line << '"';
  }
}

// RFC 9112 section 2.3: HTTP-name is case-sensitive, one digit on each side of the dot.
TEST(RequestLine, HasAnExactVersion) {
  EXPECT_EQ(request_line_error("GET / HTTP/1.0"), HeadError::None);
  EXPECT_EQ(request_line_error("GET / HTTP/1.1"), HeadError::None);
  for (const char* version : {"HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/0.9", "HTTP/3.1"}) {
    EXPECT_EQ(request_line_error("GET / "s + version), HeadError::BadVersion) << version;
  }
  for (const char* version : {"http/1.1", "HTTP/1", "HTTP/1.", "HTTP/1.1x", "HTTP/01.1", "HTTP/1.10", "HTTP 1.1", "HTTP/1,1", "HTTP/a.b",
                              "HTTPS/1.1", "HTTP/+1.1", "HTTP/1.1\r"}) {
    EXPECT_EQ(request_line_error("GET / "s + version), HeadError::BadStartLine) << version;
  }
}

TEST(RequestLine, HasATargetWithoutControlCharacters) {
  EXPECT_EQ(request_line_error("GET /\xe2\x82\xac|<>{}\\ HTTP/1.1"), HeadError::None);
  EXPECT_EQ(request_line_error("GET /\x7f HTTP/1.1"), HeadError::BadStartLine);
  EXPECT_EQ(request_error("GET /\0 HTTP/1.1\r\n\r\n"s), HeadError::BadStartLine);
  EXPECT_EQ(request_line_error("GET /\n HTTP/1.1"), HeadError::BadStartLine);
}

TEST(RequestLine, HasATargetOfBoundedLength) {
  const auto with_target = [](std::size_t bytes) { return "GET /" + std::string(bytes - 1, 'a') + " HTTP/1.1"; };
  EXPECT_EQ(request_line_error(with_target(8'000)), HeadError::None);  // RFC 9112 section 3: to be supported at least
  EXPECT_EQ(request_line_error(with_target(kTargetBytesMax - 1)), HeadError::None);
  EXPECT_EQ(request_line_error(with_target(kTargetBytesMax)), HeadError::None);
  EXPECT_EQ(request_line_error(with_target(kTargetBytesMax + 1)), HeadError::TargetTooLong);
}

// RFC 9112 section 5.1: white space before the colon is refused, not removed.
TEST(FieldLine, HasATokenAndAColonWithoutSpaceBetween) {
  for (const char* line : {"Name: value", "Name:value", "Name:", "Name: \t ", "!#$%&'*+-.^_`|~: x", "N: a:b", "N: \"a, b\"", "N: \x80\xff"}) {
    EXPECT_EQ(field_error(line), HeadError::None) << line;
  }
  for (const char* line : {"Name : value", "Name\t: value", " Name: value", ": value", "Name", "Na me: value", "Na(me: value", "N\xc3\x84: v",
                           "Name value", "Content-Length : 5", "Transfer-Encoding\t:chunked"}) {
    EXPECT_EQ(field_error(line), HeadError::BadField) << line;
  }
}

// RFC 9112 section 5.2: a folded line is refused.
TEST(FieldLine, IsNeverFolded) {
  EXPECT_EQ(field_error("A: 1\r\n folded"), HeadError::BadField);
  EXPECT_EQ(field_error("A: 1\r\n\tfolded: x"), HeadError::BadField);
  EXPECT_EQ(field_error(" A: 1"), HeadError::BadField);
}

TEST(FieldLine, HasNoControlCharacters) {
  for (int octet = 0; octet < 0x20; ++octet) {
    if (octet != '\t') {
      EXPECT_EQ(field_error("A: x"s + static_cast<char>(octet) + "y"), HeadError::BadField) << octet;
      EXPECT_EQ(field_error("A"s + static_cast<char>(octet) + ": y"), HeadError::BadField) << octet;
    }
  }
  EXPECT_EQ(field_error("A: x\x7f"), HeadError::BadField);
  EXPECT_EQ(field_error("A: x\ty"), HeadError::None);
}

TEST(FieldLine, KeepsWhatIsInsideItsValue) {
  RequestHead head;
  ASSERT_EQ(parse_request_head("GET / HTTP/1.1\r\nA:  b  \"c\"\td \xff \r\n\r\n", head), HeadError::None);
  EXPECT_EQ(head.fields[0].value, "b  \"c\"\td \xff");
}

TEST(Fields, AreBoundedInNumber) {
  const auto with_fields = [](std::size_t count) {
    std::string text = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i < count; ++i) {
      text += "A: 1\r\n";
    }
    return text + "\r\n";
  };
  EXPECT_EQ(request_error(with_fields(kFieldsMax - 1)), HeadError::None);
  EXPECT_EQ(request_error(with_fields(kFieldsMax)), HeadError::None);
  EXPECT_EQ(request_error(with_fields(kFieldsMax + 1)), HeadError::TooManyFields);
}

TEST(Fields, StayInOrderWithTheirDuplicates) {
  ResponseHead head;
  ASSERT_EQ(parse_response_head("HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nX: 1\r\nset-cookie: b\r\n\r\n", head), HeadError::None);
  std::vector<std::string_view> values;
  for (const Field& field : head.fields) {
    values.push_back(field.value);
  }
  EXPECT_THAT(values, ElementsAre("a", "1", "b"));
  EXPECT_EQ(head.fields[2].name, "set-cookie");
  EXPECT_EQ(head.fields[2].id, FieldId::SetCookie);
}

TEST(Fields, EndWithTheirEmptyLine) {
  std::vector<Field> fields;
  EXPECT_EQ(parse_fields("A: 1\r\n\r\n", fields), HeadError::None);
  EXPECT_EQ(parse_fields("A: 1\r\n\r\nB: 2\r\n", fields), HeadError::BadField);
}

TEST(StatusLine, IsTakenApart) {
  ResponseHead head;
  ASSERT_EQ(parse_response_head("HTTP/1.0 404 Not  F\xf6und\r\nA: 1\r\n\r\n", head), HeadError::None);
  EXPECT_EQ(head.minor_version, 0u);
  EXPECT_EQ(head.status, 404u);
  EXPECT_EQ(head.reason_phrase, "Not  F\xf6und");
  EXPECT_EQ(head.fields.size(), 1u);
}

// RFC 9112 section 4: the space behind the code is required, but its absence is common and harms nobody.
TEST(StatusLine, MayHaveNoReasonPhrase) {
  EXPECT_EQ(response_line_error("HTTP/1.1 200 "), HeadError::None);
  EXPECT_EQ(response_line_error("HTTP/1.1 200"), HeadError::None);
}

TEST(StatusLine, HasAStatusCodeOfThreeDigits) {
  for (const char* line : {"HTTP/1.1 100 x", "HTTP/1.1 299 x", "HTTP/1.1 599 x", "HTTP/1.1 600 x", "HTTP/1.1 999 x"}) {
    EXPECT_EQ(response_line_error(line), HeadError::None) << line;
  }
  for (const char* line : {"HTTP/1.1 99 x", "HTTP/1.1 099 x", "HTTP/1.1 2000 x", "HTTP/1.1 20 OK", "HTTP/1.1 2x0 OK",
                           "HTTP/1.1 -20 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 200OK", " HTTP/1.1 200 OK",
                           "HTTP/1.1", "", "ICY 200 OK", "http/1.1 200 OK"}) {
    EXPECT_EQ(response_line_error(line), HeadError::BadStartLine) << line;
  }
}

TEST(StatusLine, HasVersionOneDotZeroOrOne) {
  EXPECT_EQ(response_line_error("HTTP/2.0 200 OK"), HeadError::BadVersion);
  EXPECT_EQ(response_line_error("HTTP/1.2 200 OK"), HeadError::BadVersion);
}

// RFC 9112 section 4: reason-phrase is made of the same octets as a field value.
TEST(StatusLine, HasAReasonPhraseWithoutControlCharacters) {
  EXPECT_EQ(response_line_error("HTTP/1.1 200 O\tK"), HeadError::None);
  EXPECT_EQ(response_line_error("HTTP/1.1 200 O\rK"), HeadError::BadStartLine);
  EXPECT_EQ(response_line_error("HTTP/1.1 200 O\nK"), HeadError::BadStartLine);
  EXPECT_EQ(response_line_error("HTTP/1.1 200 O\0K"s), HeadError::BadStartLine);
}

TEST(HeadError, IsDescribedInWords) {
  for (const HeadError error : {HeadError::None, HeadError::BadStartLine, HeadError::BadVersion, HeadError::BadField, HeadError::TooManyFields,
                                HeadError::TargetTooLong}) {
    EXPECT_FALSE(describe(error).empty());
  }
}

}  // namespace
}  // namespace weir::http1
