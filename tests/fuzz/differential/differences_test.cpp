#include "tests/fuzz/differential/differences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/fuzz/differential/comparison.h"
#include "tests/fuzz/differential/llhttp_reader.h"
#include "tests/fuzz/differential/weir_reader.h"

namespace weir::differential {
namespace {

using testing::ElementsAre;
using testing::Pair;

const std::string kChunkedRequest = "POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string with_extension(const std::string& extension) { return kChunkedRequest + "1" + extension + "\r\nx\r\n0\r\n\r\n"; }

// A request for each difference, by what Weir accepts in it.
std::map<std::string_view, std::vector<std::string>> examples() {
  return {
      {"any token as a method", {"Get http://a/ HTTP/1.1\r\n\r\n", "SETUP http://a/ HTTP/1.1\r\n\r\n", "PRI http://a/ HTTP/1.1\r\n\r\n"}},
      {"octets above 0x7f in a target", {"GET http://a/\xc3\xa4 HTTP/1.1\r\n\r\n"}},
      {"a fragment right behind the authority", {"GET http://a:80#b HTTP/1.1\r\n\r\n"}},
      {"tabs behind the value of Content-Length or Transfer-Encoding",
       {"POST http://a/ HTTP/1.1\r\nContent-Length: 1\t\r\n\r\nx", "POST http://a/ HTTP/1.1\r\ntransfer-encoding:chunked \t \r\n\r\n0\r\n\r\n"}},
      {"Content-Length and Transfer-Encoding among trailer fields",
       {kChunkedRequest + "0\r\nContent-Length: x\r\n\r\n", kChunkedRequest + "1\r\nx\r\n0\r\nA: b\r\ntransfer-encoding: gzip\r\n\r\n"}},
      {"quoted-pairs in a chunk extension", {with_extension(";a=\"\\\"\\\\\"")}},
      {"another chunk extension behind a value without quotes", {with_extension(";a=b;c"), with_extension(";a=\"=;\";c=d;e=\"f\"")}},
  };
}

std::string rewritten(const std::string& request, const Difference& difference) {
  MessageParts parts = take_request_apart(request);
  difference.rewrite(parts);
  return parts.text();
}

// An llhttp that reads the example as Weir does needs the difference no longer: it is taken out of the table.
TEST(EachDifference, IsOneAndEndsByItsRewriting) {
  const auto all = examples();
  EXPECT_EQ(all.size(), differences().size());
  for (const Difference& difference : differences()) {
    ASSERT_TRUE(all.contains(difference.what)) << difference.what;
    for (const std::string& request : all.at(difference.what)) {
      const Message weir = weir_reads_request(request);
      ASSERT_EQ(weir.verdict, Verdict::Complete) << request;
      EXPECT_NE(llhttp_reads_request(request), weir) << difference.what << ": no difference any more";
      const std::string without = rewritten(request, difference);
      EXPECT_EQ(llhttp_reads_request(without), weir_reads_request(without)) << without;
      EXPECT_EQ(weir_reads_request(without).content, weir.content) << without;
    }
  }
}

TEST(EachDifference, LeavesAMessageWithoutItAlone) {
  const std::string request = "\r\nPUT http://a/b?c#d HTTP/1.1\r\nContent-Type:\tx\t\r\nTransfer-Encoding:\t chunked \r\n\r\n" +
                              with_extension(";a;b=\"c;d\";e=f").substr(kChunkedRequest.size()) + "more";
  for (const Difference& difference : differences()) {
    EXPECT_EQ(rewritten(request, difference), request) << difference.what;
  }
}

TEST(Readers, TellTheSameOfAPlainRequest) {
  const std::string request = "\r\nPUT http://a/ HTTP/1.0\r\nContent-Length: 3\r\nX: \t y\t \r\nEmpty:\r\n\r\nabcdef";
  const Message message = weir_reads_request(request);
  EXPECT_EQ(message.verdict, Verdict::Complete);
  EXPECT_EQ(message.method, "PUT");
  EXPECT_EQ(message.minor_version, 0u);
  EXPECT_THAT(message.fields, ElementsAre(Pair("Content-Length", "3"), Pair("X", "y"), Pair("Empty", "")));
  EXPECT_EQ(message.content, "abc");
  EXPECT_EQ(message.bytes, request.size() - 3);
  EXPECT_EQ(llhttp_reads_request(request), message);
}

TEST(Readers, TellTheSameOfAChunkedResponseWithTrailers) {
  const std::string response = "HTTP/1.1 203 \r\nTransfer-Encoding: chunked\r\n\r\n2;a\r\nhi\r\n1\r\n!\r\n0\r\nA: b\r\n\r\nHTTP/1.1";
  const Message message = weir_reads_response(response, "GET");
  EXPECT_EQ(message.status, 203u);
  EXPECT_THAT(message.fields, ElementsAre(Pair("Transfer-Encoding", "chunked"), Pair("A", "b")));
  EXPECT_EQ(message.content, "hi!");
  EXPECT_EQ(message.bytes, response.size() - 8);
  EXPECT_EQ(llhttp_reads_response(response, "GET"), message);
}

TEST(Readers, TellTheSameOfWhereAResponseEnds) {
  const std::string with_length = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc";
  const std::string without = "HTTP/1.1 200 OK\r\n\r\nabc";
  for (const auto& [response, method, content] : {std::tuple(with_length, "GET", "ab"), std::tuple(with_length, "HEAD", ""),
                                                  std::tuple(with_length, "CONNECT", ""), std::tuple(without, "GET", "abc")}) {
    EXPECT_EQ(weir_reads_response(response, method).content, content) << method;
    EXPECT_EQ(llhttp_reads_response(response, method), weir_reads_response(response, method)) << method;
  }
  EXPECT_EQ(llhttp_reads_response(with_length.substr(0, with_length.size() - 2), "GET").verdict, Verdict::Incomplete);
}

TEST(Llhttp, IsStrict) {
  EXPECT_EQ(llhttp_reads_request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz0\r\n\r\n").verdict, Verdict::Refused);
}

}  // namespace
}  // namespace weir::differential
