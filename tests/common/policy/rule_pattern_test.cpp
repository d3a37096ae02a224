#include "common/policy/rule_pattern.h"

#include <gtest/gtest.h>

#include "common/policy/host_name.h"

namespace weir::policy {
namespace {

using Kind = RulePattern::Kind;

void expect_pattern(std::string_view text, Kind kind, std::string_view name) {
  std::string error;
  const auto pattern = parse_rule_pattern(text, error);
  ASSERT_TRUE(pattern) << error;
  EXPECT_EQ(pattern->kind, kind) << text;
  EXPECT_EQ(pattern->name, name) << text;
}

std::string error_of(std::string_view text) {
  std::string error;
  EXPECT_FALSE(parse_rule_pattern(text, error)) << text;
  return error;
}

TEST(RulePattern, UnderstandsEachKind) {
  expect_pattern("ads.example", Kind::Exact, "ads.example");
  expect_pattern("localhost", Kind::Exact, "localhost");
  expect_pattern("_dmarc.a-b.example", Kind::Exact, "_dmarc.a-b.example");
  expect_pattern("*.youtube.com", Kind::Below, "youtube.com");
  expect_pattern("||example.com^", Kind::AtOrBelow, "example.com");
  expect_pattern("*", Kind::Wildcard, "*");
  expect_pattern("*.", Kind::Wildcard, "*");
  expect_pattern("*ads*", Kind::Wildcard, "*ads*");
  expect_pattern("*.*.example", Kind::Wildcard, "*.*.example");
  expect_pattern("ad[0-9].example", Kind::Wildcard, "ad[0-9].example");
  expect_pattern("ad[!a-z].example", Kind::Wildcard, "ad[!a-z].example");
}

TEST(RulePattern, FoldsCaseAndIgnoresTheTrailingDot) {
  expect_pattern("ADS.Example.", Kind::Exact, "ads.example");
  expect_pattern("*.YouTube.COM.", Kind::Below, "youtube.com");
  expect_pattern("||Example.COM.^", Kind::AtOrBelow, "example.com");
  expect_pattern("AD[A-Z]*.Example", Kind::Wildcard, "ad[a-z]*.example");
}

TEST(RulePattern, WritesNamesAsALabels) {
  expect_pattern("Bücher.example", Kind::Exact, "xn--bcher-kva.example");
  expect_pattern("*.bücher.example", Kind::Below, "xn--bcher-kva.example");
  expect_pattern("||bücher.example^", Kind::AtOrBelow, "xn--bcher-kva.example");
  expect_pattern("ad?.bücher.*", Kind::Wildcard, "ad?.xn--bcher-kva.*");
}

TEST(RulePattern, TakesAddressLiterals) {
  expect_pattern("192.0.2.1", Kind::Exact, "192.0.2.1");
  expect_pattern("192.0.2.*", Kind::Wildcard, "192.0.2.*");
  expect_pattern("2001:DB8::0:1", Kind::Exact, "2001:db8::1");
  expect_pattern("[2001:db8::1]", Kind::Exact, "2001:db8::1");
  expect_pattern("||192.0.2.1^", Kind::AtOrBelow, "192.0.2.1");
  expect_pattern("2001:DB8:*", Kind::Wildcard, "2001:db8:*");
}

TEST(RulePattern, SaysWhatIsWrong) {
  EXPECT_EQ(error_of(""), "\"\" is empty");
  EXPECT_EQ(error_of("."), "\".\" is empty");
  EXPECT_EQ(error_of("||^"), "\"||^\" is empty");
  EXPECT_EQ(error_of("||example.com"), "\"||example.com\" begins with || but does not end with ^");
  EXPECT_EQ(error_of("||*.example.com^"), "\"||*.example.com^\" has a wildcard between || and ^");
  EXPECT_EQ(error_of("||example.com^$third-party"), "\"||example.com^$third-party\" begins with || but does not end with ^");
  EXPECT_EQ(error_of("http://example.com/"), "\"http://example.com/\" is not a host name: leave out scheme, port and path");
  EXPECT_EQ(error_of("example.com:443"), "\"example.com:443\" is not a host name: leave out scheme, port and path");
  EXPECT_EQ(error_of("0.0.0.0 ads.example"), "\"0.0.0.0 ads.example\" has a blank or control character");
  EXPECT_EQ(error_of("a,b"), "\"a,b\" has a ',', which no host name has");
  EXPECT_EQ(error_of("[^a].example"), "\"[^a].example\" has a '^', which no host name has");
  EXPECT_EQ(error_of("ad[0-9.example"), "\"ad[0-9.example\" has a [ without ]");
  EXPECT_EQ(error_of(".example.com"), "\".example.com\" has an empty label (for all names below example.com write *.example.com)");
  EXPECT_EQ(error_of("a..b"), "\"a..b\" has an empty label (for all names below example.com write *.example.com)");
  EXPECT_EQ(error_of("*a..b"), "\"*a..b\" has an empty label, which no host has");
  EXPECT_EQ(error_of(".ads*"), "\".ads*\" has an empty label, which no host has");
  EXPECT_EQ(error_of("a*.."), "\"a*..\" has an empty label, which no host has");
  EXPECT_EQ(error_of("\xff.example"), "\"?.example\" is not a name that IDNA knows");
  EXPECT_NE(error_of("*ü.example").find("cannot be written in ASCII"), std::string::npos);
  EXPECT_NE(error_of("[ab].bücher.example").find("xn--"), std::string::npos);
}

TEST(RulePattern, QuotesOnlyWhatCanBeShown) {
  EXPECT_EQ(in_quotes("b\xc3\xbc" "cher \xe2\x82\xac \xf0\x9f\x98\x80"), "\"b\xc3\xbc" "cher \xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(in_quotes("\x1f\x8b\x08 \xfc \xc3"), "\"??? ? ?\"");
  EXPECT_EQ(in_quotes("\xc0\xaf \xed\xa0\x80 \xc2\x85 \xf4\x90\x80\x80 \xe2\x82"), "\"?? ??? ?? ???? ??\"");
}

TEST(RulePattern, QuotesOneShortLineOnly) {
  EXPECT_EQ(error_of("a\nb\x1b[31m"), "\"a?b?[31m\" has a blank or control character");
  EXPECT_LT(error_of(std::string(4000, ' ')).size(), 200u);
}

TEST(RulePattern, TakesNamesAndLabelsUpToTheirLimits) {
  const std::string label(kLabelOctetsMax, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  ASSERT_EQ(longest.size(), kHostNameOctetsMax);
  expect_pattern(longest.substr(1), Kind::Exact, longest.substr(1));
  expect_pattern(longest, Kind::Exact, longest);
  EXPECT_NE(error_of(longest + "a").find("longer than 253 octets"), std::string::npos);
  expect_pattern("*." + longest, Kind::Below, longest);
  expect_pattern(label, Kind::Exact, label);
  EXPECT_NE(error_of(label + "a").find("a label longer than 63 octets"), std::string::npos);
  const std::string stars(kHostNameOctetsMax, '?');
  expect_pattern(stars, Kind::Wildcard, stars);
  EXPECT_NE(error_of(stars + "?").find("longer than 253 octets"), std::string::npos);
}

}  // namespace
}  // namespace weir::policy
