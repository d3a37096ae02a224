#include "reporter/summary.h"

#include <gtest/gtest.h>

#include "reporter/summary_json.h"
#include "reporter/summary_text.h"

namespace weir::reporter {
namespace {

// Names with numbers of requests, each of 2.5 s.
Summary summary_of(const std::vector<std::pair<std::string, int>>& domains) {
  Summary summary;
  std::int64_t id = 0;
  for (const auto& [name, requests] : domains) {
    summary.domains.push_back({name, {}});
    for (int count = 0; count < requests; ++count) {
      summary.add({.id = ++id, .bytes_sent = 10, .bytes_received = 3, .duration_us = 2'500'000, .ttfb_us = {}}, summary.domains.back());
    }
  }
  return summary;
}

TEST(Summary, RanksByRequestsAndThenByFirstAppearance) {
  const Summary summary = summary_of({{"z.example", 2}, {"b.example", 1}, {"m.example", 3}, {"a.example", 2}, {"c.example", 1}});
  std::vector<std::string> names;
  for (const DomainTraffic* domain : top_domains(summary, 4)) {
    names.push_back(domain->name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"m.example", "z.example", "a.example", "b.example"}));
  EXPECT_EQ(top_domains(summary, 100).size(), 5u);
}

TEST(Summary, KnowsItsFirstAndLastRequest) {
  const Summary summary = summary_of({{"a.example", 2}, {"b.example", 1}});
  EXPECT_EQ(summary.first_id, 1);
  EXPECT_EQ(summary.last_id, 3);
}

TEST(Summary, AveragesTtfbOverTheRequestsThatHaveOne) {
  Traffic traffic;
  EXPECT_FALSE(traffic.average_ttfb_s());
  EXPECT_EQ(traffic.average_duration_s(), 0);
  traffic.add({.duration_us = 1, .ttfb_us = {}});
  traffic.add({.duration_us = 2, .ttfb_us = 500'000});
  EXPECT_EQ(traffic.average_ttfb_s(), 0.5);
  EXPECT_EQ(traffic.average_duration_s(), 1.5e-6);
}

TEST(SummaryText, NamesAsManyDomainsAsThereAre) {
  EXPECT_EQ(summary_text(summary_of({{"a.example", 1}}), 3),
            "Total requests handled: 1\nTotal bytes sent: 10\nTotal bytes received: 3\n\nTop 3 domains by request count:\n"
            "1. a.example - Requests: 1, Avg Duration: 2.500s, Bytes Sent: 10, Bytes Received: 3");
}

TEST(SummaryText, HasZerosWithoutRequests) {
  EXPECT_EQ(summary_text({}, 5),
            "Total requests handled: 0\nTotal bytes sent: 0\nTotal bytes received: 0\n\nTop 5 domains by request count:");
}

TEST(SummaryJson, IsAnObjectWithoutRequestsToo) { EXPECT_EQ(summary_json({}), "{}"); }

TEST(SummaryJson, WritesAMissingAverageAsNull) {
  EXPECT_EQ(summary_json(summary_of({{"a.example", 1}})),
            "{\n    \"a.example\": {\n        \"requests\": 1,\n        \"bytes_sent\": 10,\n        \"bytes_received\": 3,\n"
            "        \"avg_duration\": 2.5,\n        \"avg_ttfb\": null\n    }\n}");
}

TEST(SummaryJson, EscapesNamesFromTheNetwork) {
  const std::string json = summary_json(summary_of({{"a\"b\\c\n\x01\xff\xc3\xbc", 1}}));
  EXPECT_NE(json.find(R"("a\"b\\c\n\u0001\ufffd\u00fc": {)"), std::string::npos) << json;
}

}  // namespace
}  // namespace weir::reporter
