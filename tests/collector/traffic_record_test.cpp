#include "collector/traffic_record.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/collector/hand_made.h"
#include "tests/support/apply_changes.h"

namespace weir::collector {
namespace {

using namespace testing;

constexpr std::int64_t kNowUs = 42;

class Decoding : public ::testing::Test {
 protected:
  // The record borrows from the octets, which are kept until the next call.
  const TrafficRecord& decode(std::string octets) {
    octets_ = std::move(octets);
    return decoder_.decode(std::as_bytes(std::span(octets_)), kNowUs);
  }

  std::string octets_;
  RecordDecoder decoder_;
};

// Every field with a value of its own, as large as it can be.
proto::TrafficEvent full_event() {
  proto::TrafficEvent event = served_event();
  event.set_client_address(std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16));
  event.set_client_port(65'535);
  event.set_outcome(proto::INTERRUPTED);
  event.set_fault(proto::POLICY);
  event.set_reason("tls_name_blocked");
  event.set_rule("*.example.com");
  event.set_rule_list("list\xFF");
  event.set_rule_line(UINT32_MAX);
  event.set_would_block(true);
  event.set_policy_version("sha256:0123");
  event.set_requests_in_window(UINT32_MAX - 1);
  event.set_bytes_sent(UINT64_MAX);
  event.set_bytes_received(1);
  event.set_told_bytes_sent(2);
  event.set_told_bytes_received(3);
  event.set_response_body_bytes(4);
  event.set_request_body_bytes(5);
  *event.mutable_modified_head() = changes({8, 4, 6, 1, 0, 2}, "modified!");
  event.set_origin_head("origin");
  *event.mutable_relayed_head() = changes({0, 1, 5}, "");
  event.set_sent_head(std::string(100'000, 's'));
  event.set_user_agent("agent");
  event.set_content_type("text/html");
  event.set_user("someone");
  event.set_tls_server_name("name.example");
  event.set_tls_alpn("h2,http/1.1");
  event.set_tls_version(0x0304);
  event.set_worker_id(7);
  event.set_connection_id(INT64_MAX);
  event.set_request_number(9);
  return event;
}

std::string applied(const HeadChanges& changes, std::string_view head) {
  std::vector<std::uint32_t> steps;
  changes.for_each_step([&](const HeadChanges::Step& step) { steps.insert(steps.end(), {step.put_in, step.left_out, step.copied}); });
  return tests::apply_changes(steps, changes.text(), head);
}

TEST_F(Decoding, GivesEveryTextOfTheEvent) {
  const proto::TrafficEvent event = full_event();
  const TrafficRecord& record = decode(event.SerializeAsString());
  EXPECT_EQ(record.client_address, "2001:db8::1");
  EXPECT_EQ(record.origin_address, "192.0.2.7");
  EXPECT_EQ(record.method, event.method());
  EXPECT_EQ(record.scheme, store::Scheme::Http);
  EXPECT_EQ(record.host, event.host());
  EXPECT_EQ(record.path, event.path());
  EXPECT_EQ(record.reason, event.reason());
  EXPECT_EQ(record.rule, event.rule());
  EXPECT_EQ(record.rule_list, event.rule_list());
  EXPECT_EQ(record.policy_version, event.policy_version());
  EXPECT_EQ(record.incoming_head, event.incoming_head());
  EXPECT_EQ(applied(record.modified_head, record.incoming_head), "modified" + event.incoming_head().substr(4, 6) + "!" + event.incoming_head().substr(10, 2));
  EXPECT_EQ(record.origin_head, event.origin_head());
  EXPECT_EQ(applied(record.relayed_head, record.origin_head), "rigin");
  EXPECT_EQ(record.sent_head, event.sent_head());
  EXPECT_EQ(record.user_agent, event.user_agent());
  EXPECT_EQ(record.content_type, event.content_type());
  EXPECT_EQ(record.user, event.user());
  EXPECT_EQ(record.tls_server_name, event.tls_server_name());
  EXPECT_EQ(record.tls_offer, "TLS 1.3, h2,http/1.1");
}

TEST_F(Decoding, GivesEveryNumberOfTheEvent) {
  const proto::TrafficEvent event = full_event();
  const TrafficRecord& record = decode(event.SerializeAsString());
  EXPECT_EQ(record.kind, RecordKind::Request);
  EXPECT_EQ(record.completed_at_us, static_cast<std::int64_t>(kCompletedAtUs));
  EXPECT_EQ(record.duration_us, static_cast<std::int64_t>(event.duration_us()));
  EXPECT_EQ(record.ttfb_us, static_cast<std::int64_t>(event.ttfb_us()));
  EXPECT_EQ(record.client_port, event.client_port());
  EXPECT_EQ(record.port, event.port());
  EXPECT_EQ(record.status, event.status());
  EXPECT_EQ(record.outcome, store::Outcome::Interrupted);
  EXPECT_EQ(record.fault, store::Fault::Policy);
  EXPECT_EQ(record.rule_line, event.rule_line());
  EXPECT_TRUE(record.would_block);
  EXPECT_EQ(record.requests_in_window, event.requests_in_window());
  EXPECT_EQ(record.bytes_sent, INT64_MAX) << "what SQLite cannot hold is as large as can be";
  EXPECT_EQ(record.bytes_received, 1);
  EXPECT_EQ(record.told_bytes_sent, 2);
  EXPECT_EQ(record.told_bytes_received, 3);
  EXPECT_EQ(record.response_body_bytes, 4);
  EXPECT_EQ(record.request_body_bytes, 5);
  EXPECT_EQ(record.worker_id, 7u);
  EXPECT_EQ(record.connection_id, INT64_MAX);
  EXPECT_EQ(record.request_number, 9u);
}

TEST_F(Decoding, GivesEachEventItsOwnAddresses) {
  proto::TrafficEvent event = served_event();
  for (const auto& [octets, text] : {std::pair("\x0A\x01\x02\x03", "10.1.2.3"), std::pair("\x0A\x01\x02\x04", "10.1.2.4"), std::pair("?", "")}) {
    event.set_client_address(octets);
    EXPECT_EQ(decode(event.SerializeAsString()).client_address, text);
    EXPECT_EQ(decode(event.SerializeAsString()).client_address, text) << "once more";
    event.set_origin_address(octets);
    EXPECT_EQ(decode(event.SerializeAsString()).origin_address, text);
  }
}

TEST_F(Decoding, ForgetsTheEventBefore) {
  (void)decode(full_event().SerializeAsString());
  const TrafficRecord& record = decode("");
  EXPECT_EQ(record.completed_at_us, kNowUs);
  EXPECT_FALSE(record.ttfb_us);
  EXPECT_EQ(std::string(record.client_address).append(record.origin_address).append(record.tls_offer), "");
  EXPECT_TRUE(record.host.empty() && record.sent_head.empty() && record.policy_version.empty());
  EXPECT_EQ(record.bytes_sent + record.connection_id + record.rule_line, 0);
  EXPECT_FALSE(record.would_block);
  EXPECT_EQ(record.outcome, store::Outcome::Unknown);
  EXPECT_TRUE(record.reason.empty()) << "an event without fields can be read";
}

TEST_F(Decoding, TellsProgressFromAnEnd) {
  proto::TrafficEvent event = served_event();
  event.set_kind(proto::PROGRESS);
  EXPECT_EQ(decode(event.SerializeAsString()).kind, RecordKind::Progress);
}

TEST_F(Decoding, TakesWhatANewerWorkerMayKnowForUnknown) {
  const std::string event = served_event().SerializeAsString();
  EXPECT_EQ(decode(event + "\x68\x63").outcome, store::Outcome::Unknown) << "outcome 99";
  EXPECT_EQ(decode(event + "\x70\x63").fault, store::Fault::Nobody) << "fault 99";
  EXPECT_EQ(decode(event + std::string("\x68\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")).outcome, store::Outcome::Unknown) << "-1";
  // Field 1000 as a number, as octets, and in four and eight octets.
  for (const std::string& unknown : {std::string("\xC0\x3E\x05"), std::string("\xC2\x3E\x03" "abc"), std::string("\xC5\x3E" "abcd"),
                                     std::string("\xC1\x3E" "abcdefgh")}) {
    const TrafficRecord& record = decode(unknown + event);
    EXPECT_EQ(record.host, "www.example.com") << ::testing::PrintToString(unknown);
    EXPECT_EQ(record.outcome, store::Outcome::Served);
  }
}

TEST_F(Decoding, SkipsAFieldThatIsNotOfItsType) {
  const std::string event = served_event().SerializeAsString();
  EXPECT_EQ(decode(event + "\x48\x05").host, "www.example.com") << "host as a number";
  EXPECT_EQ(decode(event + "\x52\x01x").port, 80u) << "port as octets";
  EXPECT_EQ(decode(event + "\x55" "abcd").port, 80u) << "port in four octets";
}

// A part may happen to end between two fields; then it says what those fields say.
TEST_F(Decoding, OfAPartReadsNothingThatIsNotThere) {
  const std::string event = full_event().SerializeAsString();
  for (std::size_t length = 0; length < std::min<std::size_t>(event.size(), 1000); ++length) {
    proto::TrafficEvent expected;
    const std::string part = event.substr(0, length);
    const bool is_readable = expected.ParseFromString(part);
    const TrafficRecord& record = decode(part);
    ASSERT_EQ(record.reason == kUnreadableRecord, !is_readable) << length;
    ASSERT_EQ(record.host, expected.host().size() > 0 && is_readable ? expected.host() : "") << length;
  }
}

TEST_F(Decoding, RefusesWhatIsNoMessage) {
  const std::string event = served_event().SerializeAsString();
  for (const std::string& damage :
       {std::string("\x00\x01", 2), std::string("\x0F"), std::string("\x08"), std::string("\x4A\x7F") + "short",
        std::string("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), std::string("\x4D" "abc"), std::string("\x49" "abcdefg")}) {
    const TrafficRecord& record = decode(event + damage);
    EXPECT_EQ(record.reason, kUnreadableRecord) << ::testing::PrintToString(damage);
    EXPECT_EQ(record.outcome, store::Outcome::Unknown);
    EXPECT_EQ(record.fault, store::Fault::Proxy);
    EXPECT_EQ(record.completed_at_us, kNowUs);
    EXPECT_TRUE(record.host.empty());
  }
}

TEST_F(Decoding, RefusesChangesThatDoNotFitTheirHead) {
  proto::TrafficEvent event = served_event();
  event.set_incoming_head("0123456789");
  const std::vector<std::pair<std::vector<std::uint32_t>, std::string>> good{
      {{0, 0, 10}, ""}, {{0, 10, 0}, ""}, {{3, 4, 6}, "abc"}, {{1, 0, 5, 2, 5, 0}, "abc"}, {{0, 0, 0}, ""}, {{}, ""}};
  for (const auto& [steps, text] : good) {
    *event.mutable_modified_head() = changes(steps, text);
    EXPECT_EQ(decode(event.SerializeAsString()).host, event.host()) << ::testing::PrintToString(steps);
  }
  const std::vector<std::pair<std::vector<std::uint32_t>, std::string>> bad{
      {{0, 0, 11}, ""}, {{0, 5, 6}, ""}, {{4, 0, 0}, "abc"}, {{2, 0, 0}, "abc"}, {{0, 0}, ""}, {{0, 0, 1, 0}, ""},
      {{UINT32_MAX, 0, 0, 4, 0, 0}, "abc"}, {{0, UINT32_MAX, UINT32_MAX, 0, 2, 0}, ""}, {{}, "abc"}};
  for (const auto& [steps, text] : bad) {
    *event.mutable_modified_head() = changes(steps, text);
    EXPECT_EQ(decode(event.SerializeAsString()).reason, kUnreadableRecord) << ::testing::PrintToString(steps);
  }
}

}  // namespace
}  // namespace weir::collector
