#include "collector/json_line.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <nlohmann/json.hpp>

#include "tests/collector/hand_made.h"

namespace weir::collector {
namespace {

using namespace testing;
using Ordered = nlohmann::ordered_json;

class JsonLine : public ::testing::Test {
 protected:
  JsonLine() {
    ::setenv("TZ", "Europe/Berlin", 1);
    ::tzset();
  }

  std::string line(const proto::TrafficEvent& event, std::int64_t id = kCompletedAtUs) {
    const std::string bytes = event.SerializeAsString();
    LineBuffer out;
    append_json_line(out, decoder_.decode(std::as_bytes(std::span(bytes)), 1), id, time_text_);
    return std::string(out.text());
  }

  static std::vector<std::string> keys(const Ordered& object) {
    std::vector<std::string> all;
    for (const auto& [key, value] : object.items()) {
      all.push_back(key);
    }
    return all;
  }

  RecordDecoder decoder_;
  TimeText time_text_;
};

TEST_F(JsonLine, OfPlainHttpHasTheDocumentsKeysFirst) {
  const std::string text = line(served_event());
  ASSERT_TRUE(text.ends_with("}\n"));
  const Ordered object = Ordered::parse(text);
  const std::vector<std::string> expected{"Timestamp", "Incoming header", "Modified header", "Server response received",
                                          "Proxy response sent", "Bytes sent", "Bytes received", "Request duration (s)", "TTFB (s)",
                                          "Time", "Client IP", "Client port", "Host", "Port", "Method", "URL path", "Status",
                                          "Outcome", "Fault", "Reason", "Origin IP", "Response body bytes", "Request body bytes",
                                          "Worker", "Request id"};
  EXPECT_EQ(keys(object), expected);
  EXPECT_EQ(object["Timestamp"], "2025-10-18 16:50:18");
  EXPECT_EQ(object["Time"], "2025-10-18T14:50:18.608277Z");
  EXPECT_EQ(object["Incoming header"], served_event().incoming_head());
  EXPECT_EQ(object["Proxy response sent"], "HTTP/1.1 200 OK\r\nContent-Length: 10000");
  EXPECT_EQ(object["Client IP"], "127.0.0.1");
  EXPECT_EQ(object["Origin IP"], "192.0.2.7");
  EXPECT_EQ(object["Outcome"], "served");
  EXPECT_EQ(object["Fault"], "nobody");
  EXPECT_EQ(object["Request id"], kCompletedAtUs);
  EXPECT_NE(text.find("\"Request duration (s)\": 2.618475, \"TTFB (s)\": 0.034102, "), std::string::npos) << text;
}

TEST_F(JsonLine, HasTheHeadsThatWereMadeOfOthers) {
  const std::string fields = "Host: a.example\r\nAccept: \"*/*\"\r\nX: " + std::string(300, 'x') + "\"\xC3\xA9\x80\t\r\n";
  proto::TrafficEvent event = served_event();
  const std::string received = "GET http://a.example/\"q\" HTTP/1.1\r\n";
  event.set_incoming_head(received + fields + "Proxy-Connection: keep-alive\r\nA: b\r\n\r\n");
  const auto octets = [](const std::string& text) { return static_cast<std::uint32_t>(text.size()); };
  const std::string start = "GET /\"q\" HTTP/1.1\r\n";
  *event.mutable_modified_head() =
      changes({octets(start), octets(received), octets(fields), 0, 30, 6, 17, 2, 0}, start + "Via: 1.1 weir\r\n\r\n");
  event.set_origin_head("HTTP/1.0 200 OK\r\nA: \\r\nB: 2\r\n\r\n");
  *event.mutable_relayed_head() = changes({8, 8, 14, 4, 9, 0}, "HTTP/1.1\r\n\r\n");
  const Ordered object = Ordered::parse(line(event));
  const std::string shown = "Host: a.example\r\nAccept: \"*/*\"\r\nX: " + std::string(300, 'x') + "\"\xC3\xA9\xEF\xBF\xBD\t\r\n";
  EXPECT_EQ(object["Incoming header"], "GET http://a.example/\"q\" HTTP/1.1\r\n" + shown + "Proxy-Connection: keep-alive\r\nA: b\r\n\r\n");
  EXPECT_EQ(object["Modified header"], start + shown + "A: b\r\nVia: 1.1 weir\r\n\r\n");
  EXPECT_EQ(object["Server response received"], event.origin_head());
  EXPECT_EQ(object["Proxy response sent"], "HTTP/1.1 200 OK\r\nA: \\r");
}

TEST_F(JsonLine, HasWhatWasCopiedBehindAnEmptyLine) {
  proto::TrafficEvent event = served_event();
  event.set_origin_head("HTTP/1.1 200 OK\r\n");
  *event.mutable_relayed_head() = changes({4, 0, 17}, "\r\n\r\n");
  EXPECT_EQ(Ordered::parse(line(event))["Proxy response sent"], "\r\n\r\nHTTP/1.1 200 OK\r\n");
}

// What an origin answered may not be what the client was sent.
TEST_F(JsonLine, HasOurOwnAnswerWhereThereIsOne) {
  proto::TrafficEvent event = served_event();
  event.set_sent_head("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  const Ordered object = Ordered::parse(line(event));
  EXPECT_EQ(object["Server response received"], event.origin_head());
  EXPECT_EQ(object["Proxy response sent"], "HTTP/1.1 502 Bad Gateway");
}

TEST_F(JsonLine, OfHeadsOfAnyLengthIsWhatTheyAre) {
  for (std::uint32_t length = 0; length < 300; ++length) {
    std::string head;
    while (head.size() < length) {
      head += "ab\"\n\xC3\xA9\x01z"[head.size() % 8];
    }
    proto::TrafficEvent event = served_event();
    event.set_incoming_head(head);
    const std::uint32_t half = length / 2;
    *event.mutable_modified_head() = changes({1, 0, half, 1, 0, length - half}, "<>");
    const Ordered object = Ordered::parse(line(event));
    // A character that is cut in two, by the changes or by the end, is none in either head.
    ASSERT_EQ(object["Modified header"].get<std::string>().size(), object["Incoming header"].get<std::string>().size() + 2) << length;
    if (half % 8 != 5 && length % 8 != 5) {
      ASSERT_EQ(object["Modified header"], "<" + head.substr(0, half) + ">" + head.substr(half)) << length;
    }
  }
}

TEST_F(JsonLine, OfATunnelIsTheDocumentsExample) {
  proto::TrafficEvent event = served_event();
  event.set_method("CONNECT");
  event.set_scheme("https");
  event.set_sent_head("HTTP/1.1 200 Connection Established\r\n\r\n");
  const Ordered object = Ordered::parse(line(event));
  EXPECT_FALSE(object.contains("Modified header"));
  EXPECT_FALSE(object.contains("Server response received"));
  EXPECT_EQ(object["Proxy response sent"], "HTTP/1.1 200 Connection Established");
}

TEST_F(JsonLine, WritesSecondsShortest) {
  proto::TrafficEvent event = served_event();
  event.set_duration_us(2'000'000);
  event.clear_ttfb_us();
  EXPECT_NE(line(event).find("\"Request duration (s)\": 2.0, \"TTFB (s)\": null, "), std::string::npos);
  event.set_duration_us(50);
  EXPECT_NE(line(event).find("\"Request duration (s)\": 0.00005, "), std::string::npos);
}

TEST_F(JsonLine, OfARefusalNamesRuleAndList) {
  const Ordered object = Ordered::parse(line(blocked_event()));
  const std::vector<std::string> expected{"Timestamp", "Blocked hostname", "Client IP", "Reason", "Rule", "Rule list", "Rule line", "Time",
                                          "Client port", "Port", "Method", "URL path", "User agent", "Origin IP", "Status",
                                          "Outcome", "Worker", "Request id"};
  EXPECT_EQ(keys(object), expected);
  EXPECT_EQ(object["Blocked hostname"], "www.youtube.com");
  EXPECT_EQ(object["Rule"], "*.youtube.com");
  EXPECT_EQ(object["Rule list"], "lists/video.txt");
  EXPECT_EQ(object["Rule line"], 7);
}

TEST_F(JsonLine, NamesThePolicyAndTheRuleThatWasOnlyObserved) {
  proto::TrafficEvent event = served_event();
  event.set_policy_version("3f9c02ab51d4");
  EXPECT_EQ(Ordered::parse(line(event))["Policy"], "3f9c02ab51d4");
  EXPECT_EQ(line(event).find("Would be"), std::string::npos);
  event.set_rule("*.example.com");
  event.set_rule_list("new.txt");
  event.set_rule_line(9);
  event.set_would_block(true);
  const Ordered object = Ordered::parse(line(event));
  EXPECT_EQ(object["Would be blocked by"], "*.example.com");
  EXPECT_EQ(object["Would be blocked by list"], "new.txt");
  EXPECT_EQ(object["Would be blocked by line"], 9);
  EXPECT_EQ(line(served_event()).find("Policy"), std::string::npos) << "there were no rules";
}

TEST_F(JsonLine, OfARateLimitCountsTheRequests) {
  const Ordered object = Ordered::parse(line(rate_limited_event()));
  EXPECT_EQ(keys(object)[2], "Request count");
  EXPECT_EQ(object["Request count"], 101);
}

TEST_F(JsonLine, OfHostileOctetsIsStillOneLineOfJson) {
  proto::TrafficEvent event = served_event();
  event.set_path(std::string("/\xFF\0\n\"\\", 6));
  event.set_user_agent("\xE9");
  event.set_incoming_head("GET \x80\r\nX: \x1B[31m\r\n\r\n");
  event.set_reason("\"}\n");
  const std::string text = line(event);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_TRUE(Ordered::accept(text));
}

TEST_F(JsonLine, OfAnEventThatCannotBeReadSaysSo) {
  RecordDecoder decoder;
  const std::string damaged = "\xFF\xFF\xFF";
  const TrafficRecord& record = decoder.decode(std::as_bytes(std::span(damaged)), 42);
  EXPECT_EQ(record.reason, kUnreadableRecord);
  EXPECT_EQ(record.outcome, store::Outcome::Unknown);
  EXPECT_EQ(record.completed_at_us, 42);
}

TEST_F(JsonLine, TakesTheTimeOfReceiptWhenTheEventHasNone) {
  proto::TrafficEvent event = served_event();
  for (const std::uint64_t start : {std::uint64_t{0}, UINT64_MAX, UINT64_MAX - 5, std::uint64_t{253'402'300'799'999'999}}) {
    event.set_started_at_us(start);
    event.set_duration_us(10);
    const std::string bytes = event.SerializeAsString();
    EXPECT_EQ(decoder_.decode(std::as_bytes(std::span(bytes)), 42).completed_at_us, 42) << start;
  }
}

}  // namespace
}  // namespace weir::collector
