#include "collector/traffic_record.h"

#include <gtest/gtest.h>

#include <random>

#include "common/base/ip_address.h"
#include "tests/collector/hand_made.h"

namespace weir::collector {
namespace {

using namespace testing;
using proto::TrafficEvent;

TrafficRecord decoded(const std::string& bytes) { return decode_record(std::as_bytes(std::span(bytes)), 42); }
bool is_readable(const std::string& bytes) { return decoded(bytes).reason != kUnreadableRecord; }

std::string address_of(const std::string& octets) {
  const auto address = base::IpAddress::from_octets(octets);
  return address ? address->to_string() : "";
}

// What protobuf's own parser found in `bytes`, against what decode_record() did.
void expect_same(const std::string& bytes, const TrafficEvent& event) {
  const TrafficRecord record = decoded(bytes);
  EXPECT_EQ(record.kind == RecordKind::Progress, event.kind() == proto::PROGRESS);
  EXPECT_EQ(static_cast<std::uint64_t>(record.duration_us), std::min<std::uint64_t>(event.duration_us(), INT64_MAX));
  EXPECT_EQ(record.ttfb_us.has_value(), event.has_ttfb_us());
  EXPECT_EQ(record.client_address, address_of(event.client_address()));
  EXPECT_EQ(record.client_port, event.client_port());
  EXPECT_EQ(record.origin_address, address_of(event.origin_address()));
  EXPECT_EQ(record.method, event.method());
  EXPECT_EQ(record.scheme == store::Scheme::Https, event.scheme() == "https");
  EXPECT_EQ(record.host, event.host());
  EXPECT_EQ(record.port, event.port());
  EXPECT_EQ(record.path, event.path());
  EXPECT_EQ(record.status, event.status());
  EXPECT_EQ(static_cast<int>(record.outcome), event.outcome() >= 0 && event.outcome() <= proto::INTERRUPTED ? event.outcome() : 0);
  EXPECT_EQ(static_cast<int>(record.fault), event.fault() >= 0 && event.fault() <= proto::POLICY ? event.fault() : 0);
  EXPECT_EQ(record.reason, event.reason());
  EXPECT_EQ(record.rule, event.rule());
  EXPECT_EQ(record.rule_list, event.rule_list());
  EXPECT_EQ(record.requests_in_window, event.requests_in_window());
  EXPECT_EQ(static_cast<std::uint64_t>(record.bytes_sent), std::min<std::uint64_t>(event.bytes_sent(), INT64_MAX));
  EXPECT_EQ(static_cast<std::uint64_t>(record.bytes_received), std::min<std::uint64_t>(event.bytes_received(), INT64_MAX));
  EXPECT_EQ(static_cast<std::uint64_t>(record.told_bytes_sent), std::min<std::uint64_t>(event.told_bytes_sent(), INT64_MAX));
  EXPECT_EQ(static_cast<std::uint64_t>(record.told_bytes_received), std::min<std::uint64_t>(event.told_bytes_received(), INT64_MAX));
  EXPECT_EQ(static_cast<std::uint64_t>(record.response_body_bytes), std::min<std::uint64_t>(event.response_body_bytes(), INT64_MAX));
  EXPECT_EQ(static_cast<std::uint64_t>(record.request_body_bytes), std::min<std::uint64_t>(event.request_body_bytes(), INT64_MAX));
  EXPECT_EQ(record.incoming_head, event.incoming_head());
  EXPECT_EQ(record.modified_head, event.modified_head());
  EXPECT_EQ(record.origin_head, event.origin_head());
  EXPECT_EQ(record.sent_head, event.sent_head());
  EXPECT_EQ(record.user_agent, event.user_agent());
  EXPECT_EQ(record.content_type, event.content_type());
  EXPECT_EQ(record.user, event.user());
  EXPECT_EQ(record.tls_server_name, event.tls_server_name());
  EXPECT_EQ(record.tls_offer.empty(), event.tls_version() == 0);
  EXPECT_TRUE(event.tls_version() == 0 || record.tls_offer.ends_with(event.tls_alpn()));
  EXPECT_EQ(record.worker_id, event.worker_id());
  EXPECT_EQ(static_cast<std::uint64_t>(record.connection_id), std::min<std::uint64_t>(event.connection_id(), INT64_MAX));
  EXPECT_EQ(record.request_number, event.request_number());
}

TrafficEvent event_with_everything() {
  TrafficEvent event = rate_limited_event();
  event.set_origin_address(std::string(16, '\x20'));
  event.set_rule("*.x");
  event.set_rule_list("list");
  event.set_request_body_bytes(1u << 31);
  event.set_kind(proto::PROGRESS);
  event.set_told_bytes_sent(UINT64_MAX);
  event.set_told_bytes_received(300);
  event.set_host("host");
  event.set_user("someone");
  event.set_tls_server_name("server.example");
  event.set_tls_alpn("h2,http/1.1");
  event.set_tls_version(0x0304);
  return event;
}

TEST(DecodeRecord, FindsWhatProtobufFinds) {
  for (const TrafficEvent& event : {TrafficEvent(), served_event(), blocked_event(), rate_limited_event(), event_with_everything()}) {
    const std::string bytes = event.SerializeAsString();
    EXPECT_TRUE(is_readable(bytes));
    expect_same(bytes, event);
  }
}

TEST(DecodeRecord, FindsAnEventCutShortWhereProtobufDoes) {
  const std::string whole = event_with_everything().SerializeAsString();
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const std::string bytes = whole.substr(0, length);
    TrafficEvent event;
    const bool is_parsed = event.ParseFromString(bytes);
    ASSERT_EQ(is_readable(bytes), is_parsed) << length;
    if (is_parsed) {
      expect_same(bytes, event);
    }
  }
}

// Fields of a newer worker, of any type; the later of two counts; a number where octets are expected is another's.
TEST(DecodeRecord, PassesOverWhatItDoesNotKnow) {
  const std::string later = served_event().SerializeAsString() + std::string("\x42\x04last", 6);  // field 8, scheme
  const std::string unknown = std::string("\xF8\x07\x05", 3) + std::string("\xF9\x07", 2) + std::string(8, 'x') +
                              std::string("\xFA\x07\x02yy", 5) + std::string("\xFD\x07zzzz", 6) + std::string("\x38\x01", 2);
  for (const std::string& bytes : {later, unknown + later, later + unknown}) {
    TrafficEvent event;
    ASSERT_TRUE(event.ParseFromString(bytes));
    ASSERT_TRUE(is_readable(bytes));
    expect_same(bytes, event);
  }
}

TEST(DecodeRecord, AgreesWithProtobufOnDamagedEvents) {
  std::mt19937 random(20261123);
  const auto upto = [&random](std::size_t max) { return std::uniform_int_distribution<std::size_t>(0, max)(random); };
  const std::string whole = event_with_everything().SerializeAsString();
  std::size_t parsed = 0;
  for (int round = 0; round < 50'000 && !::testing::Test::HasFailure(); ++round) {
    std::string bytes = whole;
    for (std::size_t change = 0; change <= upto(3); ++change) {
      bytes[upto(bytes.size() - 1)] = static_cast<char>(upto(255));
    }
    TrafficEvent event;
    // Protobuf also takes groups, which no event has, and refuses text that is not UTF-8, which we take.
    if (event.ParseFromString(bytes) && is_readable(bytes)) {
      ++parsed;
      expect_same(bytes, event);
    }
  }
  EXPECT_GT(parsed, 10'000u);
}

}  // namespace
}  // namespace weir::collector
