#include "collector/recorder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include <nlohmann/json.hpp>

#include "tests/collector/hand_made.h"

namespace weir::collector {
namespace {

using namespace testing;
using proto::TrafficEvent;

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() { open(); }

  void open(const JsonLogLimits& limits = {}) {
    recorder_.reset();
    store::Error error;
    recorder_ = Recorder::open(folder_.path(), {.json_log_limits = limits}, error);
    ASSERT_TRUE(recorder_) << error.message;
  }

  Verdict take(std::uint64_t first, const std::vector<TrafficEvent>& events, const std::string& stream = "s", std::uint64_t oldest = 0) {
    return recorder_->take(make_batch(stream, first, events, oldest).batch, "route", static_cast<std::int64_t>(kCompletedAtUs));
  }

  static TrafficEvent served_event_at(std::uint64_t completed_at_us) {
    TrafficEvent event = served_event();
    event.set_started_at_us(completed_at_us - 100);
    event.set_duration_us(100);
    return event;
  }

  // The `lost` events before the one are said to be lost.
  Verdict take_behind_a_hole(std::uint64_t sequence, std::uint64_t lost, const TrafficEvent& event) {
    OwnedBatch owned = make_batch("s", sequence, {event});
    owned.batch.lost_before = lost;
    return recorder_->take(owned.batch, "route", static_cast<std::int64_t>(kCompletedAtUs));
  }

  Reply commit() {
    EXPECT_TRUE(recorder_->commit()) << recorder_->error();
    auto replies = recorder_->take_replies();
    return replies.empty() ? Reply{"", "none", 0, false} : replies.front();
  }

  std::vector<std::string> query(const std::string& sql) { return testing::query(folder_.database(), sql); }
  std::string count() { return query("SELECT count(*) FROM request").front(); }

  TemporaryFolder folder_;
  std::unique_ptr<Recorder> recorder_;
};

using Rows = std::vector<std::string>;

TEST_F(RecorderTest, AcknowledgesWhatIsCommitted) {
  EXPECT_EQ(take(1, {served_event(), served_event()}), Verdict::Accepted);
  EXPECT_EQ(count(), "0");
  const Reply reply = commit();
  EXPECT_EQ(reply.last_sequence, 2u);
  EXPECT_EQ(reply.routing_id, "route");
  EXPECT_FALSE(reply.resend);
  EXPECT_EQ(count(), "2");
  EXPECT_EQ(lines(folder_.traffic("www.example.com.jsonl")).size(), 2u);
}

TEST_F(RecorderTest, DropsRepeatsAlsoAfterARestart) {
  take(1, {served_event(), served_event()});
  EXPECT_EQ(take(1, {served_event(), served_event()}), Verdict::Repeated);
  EXPECT_EQ(take(2, {served_event(), served_event()}), Verdict::Accepted);
  commit();
  open();
  EXPECT_EQ(take(1, {served_event(), served_event(), served_event()}), Verdict::Repeated);
  EXPECT_EQ(commit().last_sequence, 3u);
  EXPECT_EQ(count(), "3");
  EXPECT_EQ(query("SELECT sequence FROM request ORDER BY id"), (Rows{"1", "2", "3"}));
}

TEST_F(RecorderTest, AsksAgainAfterAJump) {
  take(1, {served_event()});
  commit();
  EXPECT_EQ(take(3, {served_event()}), Verdict::Jumped);
  const Reply reply = commit();
  EXPECT_EQ(reply.last_sequence, 1u);
  EXPECT_TRUE(reply.resend);
  EXPECT_EQ(take(2, {served_event(), served_event()}), Verdict::Accepted);
  EXPECT_FALSE(commit().resend);
  EXPECT_EQ(count(), "3");
}

TEST_F(RecorderTest, RecordsAGapForAStreamThatItMetInTheMiddle) {
  EXPECT_EQ(take(41, {served_event()}), Verdict::Accepted);
  EXPECT_EQ(commit().last_sequence, 41u);
  EXPECT_EQ(query("SELECT stream_id || ':' || first_sequence || '-' || last_sequence FROM gap"), (Rows{"s:1-40"}));
}

TEST_F(RecorderTest, RecordsAGapForWhatTheWorkerNoLongerHas) {
  take(1, {served_event()});
  commit();
  EXPECT_EQ(take(9, {served_event()}, "s", 5), Verdict::Jumped);
  const Reply reply = commit();
  EXPECT_EQ(reply.last_sequence, 4u);
  EXPECT_TRUE(reply.resend);
  EXPECT_EQ(query("SELECT first_sequence || '-' || last_sequence FROM gap"), (Rows{"2-4"}));
  EXPECT_EQ(take(5, {served_event()}, "s", 5), Verdict::Accepted);
  EXPECT_EQ(commit().last_sequence, 5u);
}

TEST_F(RecorderTest, SaysWhenAGapWas) {
  take(1, {served_event_at(1'000'000)});
  commit();
  EXPECT_EQ(take(9, {served_event_at(5'000'000)}, "s", 5), Verdict::Jumped);
  commit();
  EXPECT_EQ(query("SELECT after_us || ' ' || ifnull(before_us, 'open') || ' ' || (noticed_at_us > 0) FROM gap"), (Rows{"1000000 open 1"}));
  EXPECT_EQ(recorder_->lost_events(), 3u);
  open();  // Whoever goes on knows that the gap is open.
  take(5, {served_event_at(4'000'000), served_event_at(4'500'000)}, "s", 5);
  commit();
  EXPECT_EQ(query("SELECT first_sequence || '-' || last_sequence || ' ' || after_us || ' ' || before_us FROM gap"), (Rows{"2-4 1000000 4000000"}));
  EXPECT_EQ(query("SELECT events || '' FROM gaps"), (Rows{"3"}));
}

TEST_F(RecorderTest, MakesOneGapOfWhatIsLostInSeveralSteps) {
  take(1, {served_event_at(1'000'000)});
  take(0, {}, "s", 5);
  commit();
  take(0, {}, "s", 9);
  take(9, {served_event_at(2'000'000)}, "s", 9);
  commit();
  EXPECT_EQ(query("SELECT first_sequence || '-' || last_sequence || ' ' || after_us || ' ' || before_us FROM gap"), (Rows{"2-8 1000000 2000000"}));
}

TEST_F(RecorderTest, ForgetsAGapThatWasRolledBack) {
  take(1, {served_event_at(1'000'000)});
  commit();
  take(4, {served_event_at(2'000'000)}, "s", 4);
  recorder_->roll_back();
  (void)recorder_->take_replies();
  EXPECT_EQ(query("SELECT * FROM gap"), Rows{});
  EXPECT_EQ(recorder_->lost_events(), 0u);
  take(3, {served_event_at(2'000'000)}, "s", 3);
  commit();
  EXPECT_EQ(query("SELECT first_sequence || '-' || last_sequence FROM gap"), (Rows{"2-2"}));
}

// The spool has older and newer events, and a damaged range between them.
TEST_F(RecorderTest, RecordsAGapForWhatWasDamagedInTheSpool) {
  take(1, {served_event_at(1'000'000)});
  EXPECT_EQ(take_behind_a_hole(7, 3, served_event_at(9'000'000)), Verdict::Jumped) << "2 and 3 are still to come";
  commit();
  EXPECT_EQ(query("SELECT * FROM gap"), Rows{});
  take(2, {served_event_at(2'000'000), served_event_at(3'000'000)});
  EXPECT_EQ(take_behind_a_hole(7, 3, served_event_at(9'000'000)), Verdict::Accepted);
  EXPECT_EQ(take_behind_a_hole(7, 3, served_event_at(9'000'000)), Verdict::Repeated);
  EXPECT_EQ(commit().last_sequence, 7u);
  EXPECT_EQ(query("SELECT first_sequence || '-' || last_sequence || ' ' || after_us || ' ' || before_us FROM gap"), (Rows{"4-6 3000000 9000000"}));
  EXPECT_EQ(query("SELECT last_sequence || ' ' || last_completed_at_us FROM stream"), (Rows{"7 9000000"}));
}

TEST_F(RecorderTest, KeepsProgressApartFromRequests) {
  TrafficEvent progress = served_event_at(5'000'000);
  progress.set_kind(proto::PROGRESS);
  progress.set_bytes_sent(1000);
  TrafficEvent end = served_event_at(6'000'000);
  end.set_bytes_sent(1500);
  end.set_told_bytes_sent(1000);
  take(1, {progress, end});
  EXPECT_EQ(commit().last_sequence, 2u);
  EXPECT_EQ(count(), "1");
  EXPECT_EQ(query("SELECT id || ' ' || bytes_sent || ' ' || sequence FROM progress"), (Rows{"5000000 1000 1"}));
  EXPECT_EQ(query("SELECT id || ' ' || bytes_sent FROM traffic ORDER BY id"), (Rows{"5000000 1000", "6000000 500"}));
  EXPECT_EQ(lines(folder_.traffic("www.example.com.jsonl")).size(), 1u);
}

TEST_F(RecorderTest, AnswersAQuestionWithItsPosition) {
  take(1, {served_event()});
  commit();
  EXPECT_EQ(take(0, {}), Verdict::Repeated);
  EXPECT_EQ(commit().last_sequence, 1u);
  EXPECT_EQ(take(0, {}, "unknown"), Verdict::Repeated);
  EXPECT_EQ(commit().last_sequence, 0u);
}

TEST_F(RecorderTest, GivesEventsOfOneMicrosecondDifferentIds) {
  take(1, std::vector<TrafficEvent>(500, served_event()));
  commit();
  open();
  take(1, std::vector<TrafficEvent>(500, served_event()), "other");
  commit();
  const std::string first = std::to_string(kCompletedAtUs);
  EXPECT_EQ(query("SELECT min(id) || ' ' || (max(id) - min(id)) FROM request"), (Rows{first + " 999"}));
  EXPECT_EQ(nlohmann::json::parse(lines(folder_.traffic("www.example.com.jsonl")).back())["Request id"], kCompletedAtUs + 999);
}

TEST_F(RecorderTest, GivesAnUnreadableEventARowAndALine) {
  const std::string events = framed(1, "\xFF\xFF") + framed(2, served_event().SerializeAsString());
  const std::string header = header_frame("s", 1, 2);
  std::string error;
  EXPECT_EQ(recorder_->take(*read_batch(header, events, error), "route", static_cast<std::int64_t>(kCompletedAtUs)), Verdict::Accepted);
  EXPECT_EQ(commit().last_sequence, 2u);
  EXPECT_EQ(recorder_->unreadable_events(), 1u);
  EXPECT_EQ(query("SELECT outcome || ' ' || reason FROM all_requests WHERE outcome <> 'served'"), (Rows{"unknown unreadable_record"}));
  EXPECT_EQ(lines(folder_.traffic("_invalid.jsonl")).size(), 1u);
}

TEST_F(RecorderTest, StoresHostileOctetsAsText) {
  TrafficEvent event = served_event("\xFF\x00.example");
  event.set_path(std::string("/a\0b\xFF", 5));
  event.set_user_agent("Mozill\xE9 \xC3");
  take(1, {event});
  commit();
  EXPECT_EQ(query("SELECT path FROM all_requests"), (Rows{"/a\xEF\xBF\xBD" "b\xEF\xBF\xBD"}));
  EXPECT_EQ(query("SELECT user_agent FROM all_requests"), (Rows{"Mozill\xEF\xBF\xBD \xEF\xBF\xBD"}));
}

TEST_F(RecorderTest, StoresPolicyLineAndWhetherTheRuleWasOnlyObserved) {
  TrafficEvent observed = served_event("ads.example");
  observed.set_policy_version("3f9c02ab51d4");
  observed.set_rule("ads.example");
  observed.set_rule_list("new.txt");
  observed.set_rule_line(9);
  observed.set_would_block(true);
  take(1, {served_event(), observed, blocked_event()});
  commit();
  EXPECT_EQ(query("SELECT coalesce(policy, '-') || ' ' || coalesce(rule, '-') || ' ' || coalesce(rule_line, '-') || ' ' || would_block"
                  " FROM all_requests ORDER BY id"),
            (Rows{"- - - 0", "3f9c02ab51d4 ads.example 9 1", "- *.youtube.com 7 0"}));
  EXPECT_EQ(query("SELECT host FROM observed_request JOIN all_requests USING (id)"), (Rows{"ads.example"}));
}

TEST_F(RecorderTest, EveryRowHasExactlyOneLineThatCarriesItsId) {
  TrafficEvent unresolved = served_event("nowhere.invalid");
  unresolved.set_outcome(proto::FAILED);
  unresolved.set_reason("dns_failure");
  unresolved.clear_origin_address();
  take(1, {served_event("a.example"), blocked_event(), rate_limited_event(), unresolved, served_event("b.example"), served_event("../x")});
  commit();
  std::vector<std::string> ids;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    if (entry.path().extension() == ".jsonl") {
      for (const std::string& line : lines(entry.path())) {
        ids.push_back(nlohmann::json::parse(line)["Request id"].dump());
      }
    }
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids, query("SELECT id FROM request ORDER BY id"));
}

TEST_F(RecorderTest, ForgetsWhatWasRolledBackInRowsLinesAndNumbers) {
  take(1, {served_event("first.example")});
  commit();
  const std::string before = content(folder_.traffic("first.example.jsonl"));
  take(2, {served_event("first.example"), served_event("second.example")});
  take(1, {served_event("third.example")}, "other");
  recorder_->roll_back();
  for (const Reply& reply : recorder_->take_replies()) {
    EXPECT_TRUE(reply.resend);
    EXPECT_EQ(reply.last_sequence, reply.stream_id == "s" ? 1u : 0u);
  }
  EXPECT_EQ(content(folder_.traffic("first.example.jsonl")), before);
  EXPECT_EQ(take(1, {served_event("third.example")}, "other"), Verdict::Accepted);
  EXPECT_EQ(take(2, {served_event("second.example")}), Verdict::Accepted);
  commit();
  EXPECT_EQ(query("SELECT destination_host FROM requests ORDER BY id"), (Rows{"first.example", "third.example", "second.example"}));
}

TEST_F(RecorderTest, TellsTextsApartThatFollowEachOther) {
  Rows hosts;
  for (const char* host : {"a.example", "a.example", "b.example", "a.example", "b.example"}) {
    take(hosts.size() + 1, {served_event(host)});
    hosts.emplace_back(host);
  }
  commit();
  EXPECT_EQ(query("SELECT destination_host FROM requests ORDER BY id"), hosts);
}

// The number that was asked for last is void as well.
TEST_F(RecorderTest, ForgetsTheNumberOfATextThatWasRolledBack) {
  take(1, {served_event("first.example"), served_event("first.example")});
  recorder_->roll_back();
  (void)recorder_->take_replies();
  take(1, {served_event("other.example"), served_event("first.example")});
  commit();
  EXPECT_EQ(query("SELECT destination_host FROM requests ORDER BY id"), (Rows{"other.example", "first.example"}));
}

TEST_F(RecorderTest, KeepsNothingWhenSomeoneElseHoldsTheDatabase) {
  store::Error error;
  auto other = store::Database::open_writer(folder_.database(), error);
  ASSERT_TRUE(other->execute("lock", "BEGIN IMMEDIATE", error));
  EXPECT_EQ(take(1, {served_event()}), Verdict::Failed);
  EXPECT_NE(recorder_->error().find("locked"), std::string::npos) << recorder_->error();
  recorder_->roll_back();
  EXPECT_TRUE(recorder_->take_replies().empty());
  ASSERT_TRUE(other->execute("unlock", "ROLLBACK", error));
  EXPECT_EQ(take(1, {served_event()}), Verdict::Accepted);
  EXPECT_EQ(commit().last_sequence, 1u);
}

// A limit on the size of files stands for a full disk: writes of the database, of its WAL or of a log fail in the middle.
TEST_F(RecorderTest, LosesAndRepeatsNothingWhenTheDiskWasFull) {
  take(1, std::vector<TrafficEvent>(10, served_event()));
  commit();
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const auto usual_action = std::signal(SIGXFSZ, SIG_IGN);
  std::uint64_t next = 11;
  for (const rlim_t bytes : {rlim_t{10'000}, rlim_t{100'000}, rlim_t{150'000}, rlim_t{200'000}}) {
    const rlimit full{bytes, usual.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
    const bool is_taken = take(next, std::vector<TrafficEvent>(400, served_event())) == Verdict::Accepted && recorder_->commit();
    ::setrlimit(RLIMIT_FSIZE, &usual);
    EXPECT_FALSE(is_taken) << bytes;
    EXPECT_NE(recorder_->error(), "");
    recorder_->roll_back();
    EXPECT_EQ(lines(folder_.traffic("www.example.com.jsonl")).size(), next - 1);
    (void)recorder_->take_replies();
    EXPECT_EQ(take(next, {served_event()}), Verdict::Accepted) << recorder_->error();
    EXPECT_EQ(commit().last_sequence, next);
    ++next;
  }
  std::signal(SIGXFSZ, usual_action);
  EXPECT_EQ(count(), "14");
  EXPECT_EQ(lines(folder_.traffic("www.example.com.jsonl")).size(), 14u);
  EXPECT_EQ(query("PRAGMA integrity_check"), (Rows{"ok"}));
}

TEST_F(RecorderTest, SeesThatTheDatabaseWasRemoved) {
  EXPECT_TRUE(recorder_->is_database_in_place());
  std::filesystem::remove(folder_.database());
  EXPECT_FALSE(recorder_->is_database_in_place());
}

TEST_F(RecorderTest, WritesNoLogsWhenTheyAreOff) {
  recorder_.reset();
  store::Error error;
  recorder_ = Recorder::open(folder_.path(), {.json_logs = JsonLogs::Off}, error);
  take(1, {served_event()});
  commit();
  EXPECT_EQ(count(), "1");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "Website Traffic"));
}

}  // namespace
}  // namespace weir::collector
