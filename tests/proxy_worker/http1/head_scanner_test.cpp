#include "proxy_worker/http1/head_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http1 {
namespace {

using namespace std::string_literals;
using Result = HeadScanner::Result;

const std::string kHead =
    "POST http://a.example/x?y=1 HTTP/1.1\r\n"
    "Host: a.example\r\n"
    "X-Text:\t\xe2\x82\xac \"quoted\" \xff\r\n"
    "Empty:\r\n"
    "\r\n";

Result scan_whole(std::string_view bytes) { return HeadScanner().scan(bytes); }

// What the scanner says last when each octet arrives by itself; after Complete or Invalid it is given nothing more.
Result scan_bytewise(std::string_view bytes) {
  HeadScanner scanner;
  Result result = Result::Incomplete;
  for (std::size_t arrived = 1; arrived <= bytes.size() && result == Result::Incomplete; ++arrived) {
    result = scanner.scan(bytes.substr(0, arrived));
  }
  return result;
}

TEST(HeadScanner, FindsTheEndOfAHeadThatArrivesWhole) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.scan(kHead), Result::Complete);
  EXPECT_EQ(scanner.head_bytes(), kHead.size());
}

TEST(HeadScanner, LeavesTheBodyBehindTheHeadAlone) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.scan(kHead + "\0\r\n\r\nbody"s), Result::Complete);
  EXPECT_EQ(scanner.head_bytes(), kHead.size());
}

TEST(HeadScanner, FindsTheEndWhereverTheHeadIsSplit) {
  const std::string bytes = kHead + "body";
  for (std::size_t split = 0; split < kHead.size(); ++split) {
    HeadScanner scanner;
    EXPECT_EQ(scanner.scan(std::string_view(bytes).substr(0, split)), Result::Incomplete) << "split at " << split;
    EXPECT_EQ(scanner.scan(bytes), Result::Complete) << "split at " << split;
    EXPECT_EQ(scanner.head_bytes(), kHead.size()) << "split at " << split;
  }
}

TEST(HeadScanner, FindsTheEndInBytesThatArriveOneByOne) {
  HeadScanner scanner;
  for (std::size_t arrived = 1; arrived < kHead.size(); ++arrived) {
    ASSERT_EQ(scanner.scan(std::string_view(kHead).substr(0, arrived)), Result::Incomplete) << "after " << arrived;
  }
  EXPECT_EQ(scanner.scan(kHead), Result::Complete);
  EXPECT_EQ(scanner.head_bytes(), kHead.size());
}

// A head that arrives octet by octet must not cost the square of its length.
TEST(HeadScanner, LooksAtEachOctetOnce) {
  HeadScanner scanner;
  std::string bytes = "GET / HTTP/1.1\r\nA: b";
  ASSERT_EQ(scanner.scan(bytes), Result::Incomplete);
  bytes[0] = '\0';  // would be refused
  EXPECT_EQ(scanner.scan(bytes + "\r\n\r\n"), Result::Complete);
}

TEST(HeadScanner, TakesAnEmptyLineAloneForAHead) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.scan("\r\n"), Result::Complete);
  EXPECT_EQ(scanner.head_bytes(), 2u);
}

// RFC 9112 section 2.2: no bare CR, no bare LF; RFC 9110 section 5.5: no NUL and no other control character.
TEST(HeadScanner, RefusesEveryControlCharacterAtEveryPlace) {
  for (int octet = 0; octet < 0x80; ++octet) {
    const bool is_control = (octet < 0x20 && octet != '\t') || octet == 0x7f;
    for (std::size_t place = 0; place < kHead.size(); ++place) {
      if (!is_control || kHead[place] == octet) {
        continue;
      }
      std::string bytes = kHead;
      bytes[place] = static_cast<char>(octet);
      ASSERT_EQ(scan_whole(bytes), Result::Invalid) << "octet " << octet << " at " << place;
      ASSERT_EQ(scan_bytewise(bytes), Result::Invalid) << "octet " << octet << " at " << place;
    }
  }
}

TEST(HeadScanner, RefusesAControlCharacterAsSoonAsItArrives) {
  EXPECT_EQ(scan_whole("\x16\x03\x01"), Result::Invalid);  // the first octets of a TLS handshake
  EXPECT_EQ(scan_whole("GET / HTTP/1.1\n"), Result::Invalid);
  EXPECT_EQ(scan_whole("GET / HTTP/1.1\rX"), Result::Invalid);
  EXPECT_EQ(scan_whole("GET /\0"s), Result::Invalid);
}

TEST(HeadScanner, WaitsForTheLineFeedBehindACarriageReturn) {
  HeadScanner scanner;
  EXPECT_EQ(scanner.scan("GET / HTTP/1.1\r"), Result::Incomplete);
  EXPECT_EQ(scanner.scan("GET / HTTP/1.1\r\n\r"), Result::Incomplete);
  EXPECT_EQ(scanner.scan("GET / HTTP/1.1\r\n\r\n"), Result::Complete);
}

TEST(HeadScanner, AcceptsObsTextAndTabs) {
  std::string bytes = "X: \t";
  for (int octet = 0x80; octet <= 0xff; ++octet) {
    bytes += static_cast<char>(octet);
  }
  EXPECT_EQ(scan_whole(bytes + "\r\n\r\n"), Result::Complete);
}

TEST(HeadScanner, BeginsANewHeadAfterReset) {
  HeadScanner scanner;
  ASSERT_EQ(scanner.scan(kHead), Result::Complete);
  scanner.reset();
  EXPECT_EQ(scanner.scan("A"), Result::Incomplete);
  EXPECT_EQ(scanner.scan("A\r\n\r\n"), Result::Complete);
  EXPECT_EQ(scanner.head_bytes(), 5u);
}

}  // namespace
}  // namespace weir::http1
