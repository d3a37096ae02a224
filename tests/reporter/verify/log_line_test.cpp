#include "reporter/verify/log_line.h"

#include <gtest/gtest.h>

namespace weir::verify {
namespace {

std::optional<std::int64_t> id_in(std::string_view line) {
  std::string error;
  static LogLineParser parser;
  const auto id = parser.request_id_of(line, error);
  EXPECT_EQ(error.empty(), id.has_value());
  return id;
}

TEST(LogLine, HasItsRequestIdInTheObjectItself) {
  EXPECT_EQ(id_in(R"({"Request id": 1760799018608277})"), 1'760'799'018'608'277);
  EXPECT_EQ(id_in(R"({"a": ["Request id", {"Request id": 1}], "Request id": 2, "b": null})"), 2);
  EXPECT_EQ(id_in(R"({"a": "\"Request id\": 5", "Request id":3})"), 3);
}

TEST(LogLine, HasNoneWhereItIsNoRecord) {
  for (const std::string_view line : {"", "{", "{}", "[]", "5", "null", R"("Request id")", R"({"Request id": "5"})", R"({"Request id": -5})",
                                      R"({"Request id": 5.0})", R"({"Request id": 5} x)", R"({"Request id": 5}{"Request id": 6})",
                                      R"({"Request id": 18446744073709551615})", R"([{"Request id": 5}])", R"({"Request id": 5, "a": "x)",
                                      "{\"Request id\": 5, \"a\": \"\xff\"}", "{\"Request id\": 5, \"a\": \"\x01\"}"}) {
    EXPECT_FALSE(id_in(line)) << line;
  }
}

}  // namespace
}  // namespace weir::verify
