#include "common/policy/host_name.h"

#include <gtest/gtest.h>

namespace weir::policy {
namespace {

TEST(NormalizedHost, FoldsCaseAndDropsOneTrailingDot) {
  EXPECT_EQ(normalized_host("WWW.YouTube.COM"), "www.youtube.com");
  EXPECT_EQ(normalized_host("example.com."), "example.com");
  EXPECT_EQ(normalized_host("example.com.."), "example.com.");
}

TEST(NormalizedHost, WritesNamesAsALabels) {
  EXPECT_EQ(normalized_host("bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(normalized_host("BÜCHER.example."), "xn--bcher-kva.example");
  EXPECT_EQ(normalized_host("straße.de"), "xn--strae-oqa.de");
  EXPECT_EQ(normalized_host("例え。テスト"), "xn--r8jz45g.xn--zckzah");
}

TEST(NormalizedHost, WritesAddressesInOneForm) {
  EXPECT_EQ(normalized_host("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(normalized_host("192.0.2.1."), "192.0.2.1");
  EXPECT_EQ(normalized_host("[2001:DB8:0:0::1]"), "2001:db8::1");
  EXPECT_EQ(normalized_host("2001:DB8::0001"), "2001:db8::1");
  EXPECT_EQ(normalized_host("[::ffff:192.0.2.1]"), "192.0.2.1");
  EXPECT_EQ(normalized_host("１２７.0.0.1"), "127.0.0.1");
}

TEST(NormalizedHost, RefusesWhatIsNoName) {
  EXPECT_EQ(normalized_host(""), std::nullopt);
  EXPECT_EQ(normalized_host("."), std::nullopt);
  EXPECT_EQ(normalized_host("\xff\xfe.example"), std::nullopt);
  EXPECT_EQ(normalized_host(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(NormalizedHost, TakesNamesUpToTheLimit) {
  const std::string name(kHostNameOctetsMax, 'a');
  EXPECT_TRUE(normalized_host(name.substr(1)));
  EXPECT_TRUE(normalized_host(name));
  EXPECT_TRUE(normalized_host(name + "."));
  EXPECT_FALSE(normalized_host(name + "a"));
  EXPECT_FALSE(normalized_host(std::string(100'000, 'a')));
}

}  // namespace
}  // namespace weir::policy
