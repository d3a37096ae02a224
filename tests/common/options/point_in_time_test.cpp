#include "common/options/point_in_time.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace weir::options {
namespace {

using std::chrono::seconds;

class PointInTime : public testing::Test {
 protected:
  PointInTime() {
    ::setenv("TZ", "CET-1", 1);
    ::tzset();
  }
  ~PointInTime() override {
    ::unsetenv("TZ");
    ::tzset();
  }

  static std::int64_t epoch_seconds(const std::string& text) {
    const auto time = parse_point_in_time(text);
    return time ? std::chrono::duration_cast<seconds>(time->time_since_epoch()).count() : -1;
  }
};

TEST_F(PointInTime, ReadsLocalTime) {
  EXPECT_EQ(epoch_seconds("2026-11-22"), 1795302000);
  EXPECT_EQ(epoch_seconds("2026-11-22 14:00"), 1795352400);
  EXPECT_EQ(epoch_seconds("2026-11-22T14:00"), 1795352400);
  EXPECT_EQ(epoch_seconds("2026-11-22 14:00:05"), 1795352405);
  EXPECT_EQ(epoch_seconds("2026-11-22T14:00:05"), 1795352405);
}

TEST_F(PointInTime, ReadsUniversalTimeBeforeZ) {
  EXPECT_EQ(epoch_seconds("2026-11-22T14:00:05Z"), 1795356005);
  EXPECT_EQ(epoch_seconds("2026-11-22Z"), 1795305600);
}

TEST_F(PointInTime, CountsADurationBackFromNow) {
  const auto before = std::chrono::system_clock::now() - std::chrono::hours(2);
  const auto read = parse_point_in_time("2h");
  ASSERT_TRUE(read);
  EXPECT_GE(*read, before);
  EXPECT_LT(*read, before + seconds(60));
}

TEST_F(PointInTime, RefusesEverythingElse) {
  for (const char* text : {"", "Z", "yesterday", "2026", "2026-13-01", "2026-02-30", "2026-02-29", "2026-11-22 25:00", "2026-11-22 14",
                           "22.11.2026", "2026-11-22 14:00 ", "2h ago", "2026-11-22T14:00:05+01:00"}) {
    EXPECT_FALSE(parse_point_in_time(text)) << text;
  }
}

}  // namespace
}  // namespace weir::options
