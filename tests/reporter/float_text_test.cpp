#include "reporter/float_text.h"

#include <gtest/gtest.h>

namespace weir::reporter {
namespace {

// Expected texts are what Python's repr() gives.
TEST(FloatText, IsThatOfPython) {
  EXPECT_EQ(float_text(0), "0.0");
  EXPECT_EQ(float_text(2), "2.0");
  EXPECT_EQ(float_text(0.1), "0.1");
  EXPECT_EQ(float_text(100000), "100000.0");
  EXPECT_EQ(float_text(2.597015665386257), "2.597015665386257");
  EXPECT_EQ(float_text(-1.5), "-1.5");
}

TEST(FloatText, ChangesToExponentsWherePythonDoes) {
  EXPECT_EQ(float_text(0.0001), "0.0001");
  EXPECT_EQ(float_text(0.00009), "9e-05");
  EXPECT_EQ(float_text(0.000001), "1e-06");
  EXPECT_EQ(float_text(9007199254740993.0), "9007199254740992.0");
  EXPECT_EQ(float_text(1e16), "1e+16");
}

}  // namespace
}  // namespace weir::reporter
