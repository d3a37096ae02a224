#include "reporter/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::reporter {
namespace {

using testing::HasSubstr;
using testing::Not;

Summary summary_of(const std::string& name, std::uint64_t requests) {
  Summary summary;
  summary.domains.push_back({name, {.requests = requests}});
  summary.total.requests = requests;
  return summary;
}

std::string script_of(const std::string& name, std::uint64_t requests) {
  return chart_script(summary_of(name, requests), 5, ImageFormat::Png);
}

TEST(Chart, NamesDomainsAndTheirCounts) {
  const std::string script = script_of("www.meadow.example", 12345);
  EXPECT_THAT(script, HasSubstr("set label 'Top 5 Domains by Requests'"));
  EXPECT_THAT(script, HasSubstr("set ytics add ('www.meadow.example' 0)"));
  EXPECT_THAT(script, HasSubstr("set label '12,345' at first 12345, first 0"));
}

TEST(Chart, HasWholeNumbersOnItsAxis) {
  EXPECT_THAT(script_of("a.example", 1), HasSubstr("set xtics add ('0' 0)\nset xtics add ('1' 1)\nset xrange"));
  EXPECT_THAT(script_of("a.example", 7), HasSubstr("('6' 6)\nset xtics add ('8' 8)\nset xrange [0:8."));
  EXPECT_THAT(script_of("a.example", 1'000'000), HasSubstr("('200,000' 200000)"));
}

TEST(Chart, QuotesNamesFromTheNetwork) {
  const std::string script = script_of("a'.`rm`\n\x80", 1);
  EXPECT_THAT(script, HasSubstr("('a''.`rm`?\?' 0)"));
}

TEST(Chart, ShortensLongNamesInTheMiddle) {
  const std::string script = script_of("first." + std::string(200, 'x') + ".last.example", 1);
  EXPECT_THAT(script, HasSubstr("('first.xx"));
  EXPECT_THAT(script, HasSubstr("xx.last.example' 0)"));
  EXPECT_THAT(script, Not(HasSubstr(std::string(100, 'x'))));
}

TEST(Chart, SaysSoWithoutRequests) {
  EXPECT_THAT(chart_script({}, 5, ImageFormat::Svg), HasSubstr("'No requests'"));
}

}  // namespace
}  // namespace weir::reporter
