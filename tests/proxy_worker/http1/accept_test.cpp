#include "proxy_worker/http1/accept.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::http1 {
namespace {

bool json_rather(std::initializer_list<std::string_view> values) {
  std::vector<Field> fields{{"Host", "a.example", FieldId::Host}};
  for (const std::string_view value : values) {
    fields.push_back({"Accept", value, FieldId::Accept});
  }
  return accepts_rather(fields, "application/json", "text/html");
}

TEST(Accept, DecidesNothingWithoutAWord) {
  EXPECT_FALSE(json_rather({}));
  EXPECT_FALSE(json_rather({"*/*"}));
  EXPECT_FALSE(json_rather({"image/png, image/*;q=0.5"}));
  EXPECT_FALSE(json_rather({";q=1,,/,q"}));
}

TEST(Accept, RanksByWeight) {
  EXPECT_TRUE(json_rather({"text/html;q=0.8, application/json;q=0.9"}));
  EXPECT_FALSE(json_rather({"application/json;q=0.5, text/html"}));
  EXPECT_FALSE(json_rather({"application/json;q=0"}));
  EXPECT_TRUE(json_rather({"text/html; level=1 ; Q=0.999 , application/json"}));
  EXPECT_TRUE(json_rather({"application/json;q=0.001, text/html;q=0.000"}));
}

TEST(Accept, OfTheSameWeightTheFirstCounts) {
  EXPECT_TRUE(json_rather({"application/json, text/html"}));
  EXPECT_FALSE(json_rather({"text/html, application/json"}));
  EXPECT_TRUE(json_rather({"application/json", "text/html"}));
  EXPECT_FALSE(json_rather({"text/html", "application/json"}));
}

// RFC 9110 section 12.5.1: the most specific range that fits has precedence.
TEST(Accept, GoesByTheClosestRange) {
  EXPECT_TRUE(json_rather({"application/*, text/html;q=0.3, */*;q=0.9"}));
  EXPECT_FALSE(json_rather({"application/*;q=1, application/json;q=0.1, */*;q=0.5"}));
  EXPECT_TRUE(json_rather({"text/*;q=0.1, */*;q=0.2"}));
  EXPECT_FALSE(json_rather({"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}));
}

TEST(Accept, TakesASuffixForTheType) {
  EXPECT_TRUE(json_rather({"application/problem+json"}));
  EXPECT_FALSE(json_rather({"application/xjson"}));
}

}  // namespace
}  // namespace weir::http1
