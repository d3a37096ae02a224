#include "proxy_worker/http1/http_date.h"

#include <gtest/gtest.h>

namespace weir::http1 {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(HttpDate, WritesTheExampleOfTheStandard) {
  HttpDate date;
  EXPECT_EQ(date.text(sys_seconds(seconds(784'111'777))), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 section 5.6.7
}

TEST(HttpDate, FollowsTheClockInBothDirections) {
  HttpDate date;
  EXPECT_EQ(date.text(sys_seconds(seconds(1'709'164'799))), "Wed, 28 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(date.text(sys_seconds(seconds(1'709'164'800))), "Thu, 29 Feb 2024 00:00:00 GMT");
  EXPECT_EQ(date.text(sys_seconds(seconds(1'709'164'799))), "Wed, 28 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(date.text(sys_seconds(seconds(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.text(sys_seconds(seconds(253'402'300'799))), "Fri, 31 Dec 9999 23:59:59 GMT");
}

}  // namespace
}  // namespace weir::http1
