#include "common/base/quantity.h"

#include <gtest/gtest.h>

namespace weir::base {
namespace {

using std::chrono::milliseconds;

TEST(Duration, ParsesEveryUnit) {
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(parse_duration("1d"), milliseconds(86'400'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "10", "s", "-1s", "+1s", " 1s", "1s ", "1 s", "1.5s", "1S", "1min", "1h30m", "00", "99999999999999999999s",
                           "1e3s", "0x10s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsBounded) {
  EXPECT_EQ(parse_duration("2147483647s"), milliseconds(2'147'483'647'000));
  EXPECT_FALSE(parse_duration("2147483648s"));
  EXPECT_EQ(parse_duration("24855d"), milliseconds(24'855ll * 86'400'000));
  EXPECT_FALSE(parse_duration("24856d"));
  EXPECT_FALSE(parse_duration("18446744073709551615ms"));
}

TEST(Duration, IsWrittenInTheGreatestUnitThatFits) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0");
  EXPECT_EQ(format_duration(milliseconds(1)), "1ms");
  EXPECT_EQ(format_duration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(3'600'000)), "1h");
  EXPECT_EQ(format_duration(milliseconds(172'800'000)), "2d");
  for (const char* text : {"0", "1ms", "999ms", "59s", "61m", "23h", "365d"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
}

TEST(ByteSize, ParsesPowersOf1024AndOf1000) {
  EXPECT_EQ(parse_byte_size("0"), 0u);
  EXPECT_EQ(parse_byte_size("65536"), 65536u);
  EXPECT_EQ(parse_byte_size("64KiB"), 65536u);
  EXPECT_EQ(parse_byte_size("1MiB"), 1u << 20);
  EXPECT_EQ(parse_byte_size("1GiB"), 1u << 30);
  EXPECT_EQ(parse_byte_size("2TiB"), std::uint64_t{2} << 40);
  EXPECT_EQ(parse_byte_size("1KB"), 1000u);
  EXPECT_EQ(parse_byte_size("500MB"), 500'000'000u);
  EXPECT_EQ(parse_byte_size("1GB"), 1'000'000'000u);
}

TEST(ByteSize, RefusesEverythingElse) {
  for (const char* text : {"", "KiB", "1 KiB", "1kb", "1B", "-1", "1.5GiB", "16777216TiB", "18446744073709551616"}) {
    EXPECT_FALSE(parse_byte_size(text)) << text;
  }
  EXPECT_EQ(parse_byte_size("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_byte_size("16777215TiB"), std::uint64_t{16'777'215} << 40);
}

TEST(Decimal, TakesDigitsOnlyUpToTheLimit) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("007"), 7u);
  EXPECT_EQ(parse_decimal("9", 10), 9u);
  EXPECT_EQ(parse_decimal("10", 10), 10u);
  EXPECT_FALSE(parse_decimal("11", 10));
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "a"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
}

}  // namespace
}  // namespace weir::base
