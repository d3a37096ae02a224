// Each kind of damage, planted in an installation that adds up, is found, and nothing else is.
#include "reporter/verify/verification.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <span>

#include "common/base/file_lock.h"
#include "common/ledger/segment.h"
#include "tests/collector/hand_made.h"
#include "tests/reporter/verify/installation.h"

namespace weir::verify {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::check_of;
using testing::content_of;
using testing::failed;
using testing::lines_of;
using testing::number_of;
using testing::write;

const char* const kLog = "Website Traffic/www.example.com.jsonl";
const char* const kOtherLog = "Website Traffic/other.example.com.jsonl";

// Where an event begins in a segment whose first is event 1.
std::size_t offset_of_event(const std::string& segment, std::uint64_t sequence) {
  const auto bytes = std::as_bytes(std::span(segment));
  std::size_t offset = sizeof(ledger::SegmentHeader);
  for (std::uint64_t number = 1; number < sequence; ++number) {
    offset += ledger::framed_bytes(ledger::read_record(bytes.subspan(offset), number).value().size());
  }
  return offset;
}

// Two workers' streams of 30 and 20 events, all of them delivered: 41 lines in one log, 8 in another, 1 blocked.
class Verify : public ::testing::Test {
 protected:
  Verify() {
    there_.record(0, 10);
    there_.record(0, 8, "other.example.com");
    there_.record(0, 12);
    there_.record(1, 10);
    there_.record_event(1, collector::testing::blocked_event());
    there_.record(1, 9);
    there_.deliver(0);
    there_.deliver(1);
  }

  Verification verify() {
    there_.stop();
    return there_.verify();
  }
  std::vector<std::string> faults(const Verification& found, const std::string& check) { return check_of(found, check).faults().kept; }
  std::vector<std::string> notes(const Verification& found, const std::string& check) { return check_of(found, check).notes().kept; }
  // Replaces a log by these lines, as if the collector had committed them.
  void commit_log(const std::string& name, const std::vector<std::string>& lines) {
    std::string content;
    for (const std::string& line : lines) {
      content += line;
    }
    write(there_.log(name), content);
    there_.execute("UPDATE json_file SET committed_bytes = " + std::to_string(content.size()) + " WHERE path = '" + name + "'");
  }
  std::int64_t id_of(const std::string& stream_id, int sequence) {
    return there_.integer("SELECT request.id FROM request JOIN stream ON stream.id = request.stream WHERE stream_id = '" + stream_id +
                          "' AND sequence = " + std::to_string(sequence));
  }

  testing::Installation there_;
};

TEST_F(Verify, PassesWhatAddsUp) {
  const Verification found = verify();
  EXPECT_TRUE(found.is_sound());
  for (const Check& check : found.checks) {
    EXPECT_EQ(check.verdict(), Verdict::Pass) << check.name();
    EXPECT_THAT(check.notes().kept, IsEmpty()) << check.name();
  }
  EXPECT_EQ(number_of(found, "streams", "streams"), 2u);
  EXPECT_EQ(number_of(found, "streams", "rows"), 50u);
  EXPECT_EQ(number_of(found, "JSON logs", "lines"), 50u);
  EXPECT_EQ(number_of(found, "JSON logs", "logs"), 3u);
  EXPECT_EQ(check_of(found, "JSON logs").summary(), "50 lines in 3 logs, one for each row");
  EXPECT_EQ(number_of(found, "spools", "spools"), 2u);
  EXPECT_FALSE(found.collector_pid);
}

TEST_F(Verify, ChangesNothing) {
  there_.stop();
  const std::string log = content_of(there_.log(kLog));
  const std::string segment = content_of(there_.segment(0));
  const std::string database = content_of(there_.data_dir() / "Database" / "proxy_traffic.db");
  EXPECT_TRUE(there_.verify(LedgerReader::Depth::Full).is_sound());
  EXPECT_EQ(content_of(there_.log(kLog)), log);
  EXPECT_EQ(content_of(there_.segment(0)), segment);
  EXPECT_EQ(content_of(there_.data_dir() / "Database" / "proxy_traffic.db"), database);
}

// The database

TEST_F(Verify, FindsARowThatIsGone) {
  const std::string stream = there_.stream_id(0);
  const std::string id = std::to_string(id_of(stream, 7));
  there_.execute("DELETE FROM request WHERE id = " + id);
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("streams", "JSON logs"));
  EXPECT_THAT(faults(found, "streams"), ElementsAre(stream + ": event 7 of 30: in no row and no gap (1 event)"));
  EXPECT_THAT(faults(found, "JSON logs"), ElementsAre(HasSubstr("line 7: there is no row of request " + id)));
  EXPECT_EQ(number_of(found, "streams", "missing_events"), 1u);
  EXPECT_EQ(number_of(found, "JSON logs", "unknown_lines"), 1u);
}

TEST_F(Verify, FindsARowThatStandsTwice) {
  const std::string stream = there_.stream_id(0);
  const std::int64_t id = id_of(stream, 7);
  const std::int64_t copy = there_.integer("SELECT max(id) FROM request") + 1000;
  there_.execute("CREATE TEMP TABLE copied AS SELECT * FROM request WHERE id = " + std::to_string(id) + "; UPDATE copied SET id = " +
                 std::to_string(copy) + "; INSERT INTO request SELECT * FROM copied");
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("streams"));
  EXPECT_THAT(faults(found, "streams"), ElementsAre(stream + ": 1 row whose sequence numbers stand in another row already: 7 (request id " +
                                                    std::to_string(copy) + ")"));
  EXPECT_EQ(number_of(found, "streams", "repeated_rows"), 1u);
  EXPECT_EQ(number_of(found, "JSON logs", "rows_after_all_lines"), 1u);
}

TEST_F(Verify, FindsAPositionThatIsAhead) {
  const std::string stream = there_.stream_id(1);
  there_.execute("UPDATE stream SET last_sequence = 23 WHERE stream_id = '" + stream + "'");
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("streams", "spools"));
  EXPECT_THAT(faults(found, "streams"), ElementsAre(stream + ": events 21 to 23 of 23: in no row and no gap (3 events)"));
  EXPECT_THAT(faults(found, "spools"), ElementsAre(HasSubstr("the database has events up to 23, the spool ends with 20")));
}

TEST_F(Verify, FindsAPositionThatIsBehind) {
  const std::string stream = there_.stream_id(0);
  there_.execute("UPDATE stream SET last_sequence = 25 WHERE stream_id = '" + stream + "'");
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("streams", "spools"));
  EXPECT_THAT(faults(found, "streams"), ElementsAre(HasSubstr("5 rows whose sequence numbers are outside 1 to the stream's position, 25: 26 (")));
  EXPECT_EQ(number_of(found, "streams", "misplaced_rows"), 5u);
  EXPECT_EQ(number_of(found, "streams", "missing_events"), 0u);
  EXPECT_THAT(faults(found, "spools"), ElementsAre(HasSubstr("events 26 to 30: in neither the spool nor the database")));
  EXPECT_EQ(number_of(found, "spools", "events_in_neither"), 5u);
}

TEST_F(Verify, FindsRowsOfAStreamThatThereIsNot) {
  const std::string stream = there_.stream_id(0);
  there_.execute("UPDATE request SET stream = 99 WHERE id = " + std::to_string(id_of(stream, 3)));
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("streams"));
  EXPECT_THAT(faults(found, "streams"), ElementsAre(HasSubstr("1 row with a stream that is not in its table, first stream 99"),
                                                    HasSubstr("event 3 of 30: in no row")));
  EXPECT_EQ(number_of(found, "streams", "rows_without_stream"), 1u);
}

TEST_F(Verify, FindsAReferenceThatLeadsNowhere) {
  there_.execute("DELETE FROM host WHERE name = 'other.example.com'; DELETE FROM user_agent");
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("references"));
  EXPECT_THAT(faults(found, "references"), ElementsAre(HasSubstr("8 rows with a host that is not in its table, first host 2"),
                                                       HasSubstr("50 rows with a user_agent that is not in its table")));
  EXPECT_EQ(number_of(found, "references", "unresolved"), 58u);
}

TEST_F(Verify, CountsProgressOfRequestsThatGoOn) {
  const std::string stream = there_.stream_id(0);
  const std::string number = "(SELECT id FROM stream WHERE stream_id = '" + stream + "')";
  there_.execute("UPDATE stream SET last_sequence = 31 WHERE stream_id = '" + stream +
                 "'; INSERT INTO progress VALUES (5, 1, 1, 0, 10, 10, 0, 1, 1, " + number + ", 31)");
  std::filesystem::remove_all(there_.data_dir() / "spool" / "worker-0");
  EXPECT_THAT(failed(verify()), IsEmpty());
  EXPECT_EQ(number_of(there_.verify(), "streams", "progress_rows"), 1u);
  there_.execute("UPDATE progress SET host_id = 99, sequence = 12");
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("streams", "references"));
  EXPECT_THAT(faults(found, "streams"), ElementsAre(HasSubstr("12 (progress id 5)"), HasSubstr("event 31 of 31: in no row")));
}

TEST_F(Verify, ListsAGapAndPassesIt) {
  const std::string stream = there_.stream_id(0);
  there_.execute("UPDATE stream SET last_sequence = last_sequence + 4 WHERE stream_id = '" + stream + "'; INSERT INTO gap (stream_id, first_sequence, last_sequence, noticed_at_us) VALUES ('" +
                 stream + "', 31, 34, 1760799018000000)");
  std::filesystem::remove_all(there_.data_dir() / "spool" / "worker-0");
  const Verification found = verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_THAT(notes(found, "streams"), ElementsAre(stream + ": gap 31 to 34: 4 events lost, noticed " + time_text(1'760'799'018'000'000)));
  EXPECT_EQ(number_of(found, "streams", "events_in_gaps"), 4u);
}

TEST_F(Verify, FindsAGapThatIsNoGap) {
  const std::string stream = there_.stream_id(0);
  there_.execute("INSERT INTO gap (stream_id, first_sequence, last_sequence, noticed_at_us) VALUES ('" + stream + "', 5, 6, 0), ('" + stream + "', 30, 31, 0), ('nobody', 1, 2, 0)");
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("streams"));
  EXPECT_THAT(faults(found, "streams"), ElementsAre("gap 1 to 2 of nobody: there is no such stream", stream + ": gap 5 to 6: 2 events of it have rows",
                                                    stream + ": gap 30 to 31 is not within 1 to the stream's position, 30"));
}

TEST_F(Verify, FindsADamagedDatabasePage) {
  there_.stop();
  const auto path = there_.data_dir() / "Database" / "proxy_traffic.db";
  std::string content = content_of(path);
  const std::int64_t page = there_.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_user_agent_1'");
  content.replace(static_cast<std::size_t>(page - 1) * 4096, 4096, std::string(4096, '\x55'));
  write(path, content);
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), Contains("database"));
}

TEST_F(Verify, FindsAnIndexWithoutItsEntryWhenAskedForAll) {
  there_.stop();
  const auto path = there_.data_dir() / "Database" / "proxy_traffic.db";
  std::string content = content_of(path);
  // The index says "curl/8..." where the table says "curl/7...".
  const std::int64_t page = there_.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_user_agent_1'");
  const std::size_t place = content.find("curl/7", static_cast<std::size_t>(page - 1) * 4096);
  ASSERT_LT(place, static_cast<std::size_t>(page) * 4096);
  content[place + 5] = '8';
  write(path, content);
  EXPECT_THAT(failed(there_.verify(LedgerReader::Depth::Quick)), IsEmpty());
  EXPECT_THAT(failed(there_.verify(LedgerReader::Depth::Full)), ElementsAre("database"));
}

// The JSON logs

TEST_F(Verify, FindsALineThatIsGone) {
  auto lines = lines_of(there_.log(kLog));
  lines.erase(lines.begin() + 20);
  const std::string id = std::to_string(id_of(there_.stream_id(0), 29));
  commit_log(kLog, lines);
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("JSON logs"));
  EXPECT_THAT(faults(found, "JSON logs"), ElementsAre(::testing::AllOf(HasSubstr("request " + id), HasSubstr("www.example.com/index.html"),
                                                                       HasSubstr(std::string("no line in ") + kLog))));
  EXPECT_EQ(number_of(found, "JSON logs", "rows_missing_line"), 1u);
  EXPECT_EQ(number_of(found, "JSON logs", "rows_with_line"), 49u);
}

TEST_F(Verify, FindsALineThatStandsTwice) {
  auto lines = lines_of(there_.log(kOtherLog));
  lines.push_back(lines_of(there_.log(kLog))[0]);
  const std::string id = std::to_string(id_of(there_.stream_id(0), 1));
  commit_log(kOtherLog, lines);
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("JSON logs"));
  EXPECT_THAT(faults(found, "JSON logs"), ElementsAre(::testing::EndsWith(": request " + id + " has a line already")));
  EXPECT_EQ(number_of(found, "JSON logs", "repeated_lines"), 1u);
  EXPECT_EQ(number_of(found, "JSON logs", "rows_with_line"), 50u);
}

TEST_F(Verify, FindsALineThatIsCut) {
  auto lines = lines_of(there_.log(kOtherLog));
  lines[3] = lines[3].substr(0, 40) + "\n";
  commit_log(kOtherLog, lines);
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("JSON logs"));
  EXPECT_THAT(faults(found, "JSON logs"), ElementsAre(std::string(kOtherLog) + ", line 4: is not a JSON object", HasSubstr("no line in")));
  EXPECT_EQ(number_of(found, "JSON logs", "invalid_lines"), 1u);
}

TEST_F(Verify, FindsALineWithoutARequestId) {
  auto lines = lines_of(there_.log(kOtherLog));
  lines[3] = "{\"Timestamp\": 1, \"deeper\": {\"Request id\": 5}}\n";
  commit_log(kOtherLog, lines);
  const Verification found = verify();
  EXPECT_THAT(faults(found, "JSON logs"), Contains(std::string(kOtherLog) + ", line 4: has no request id"));
}

TEST_F(Verify, FindsACommittedLengthWithinALine) {
  there_.execute(std::string("UPDATE json_file SET committed_bytes = committed_bytes - 3 WHERE path = '") + kLog + "'");
  const Verification found = verify();
  EXPECT_THAT(failed(found), ElementsAre("JSON logs"));
  EXPECT_THAT(faults(found, "JSON logs"), Contains(std::string(kLog) + ": its committed length ends within line 41"));
}

TEST_F(Verify, FindsALogThatIsShorterThanCommitted) {
  there_.stop();
  const std::string content = content_of(there_.log(kLog));
  std::filesystem::resize_file(there_.log(kLog), content.size() - lines_of(there_.log(kLog)).back().size());
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), ElementsAre("JSON logs"));
  EXPECT_THAT(faults(found, "JSON logs"), ElementsAre(::testing::AllOf(HasSubstr(std::string(kLog) + ": has "),
                                                                       HasSubstr(std::to_string(content.size()) + " that were committed"))));
  EXPECT_EQ(number_of(found, "JSON logs", "logs_shorter"), 1u);
  EXPECT_EQ(number_of(found, "JSON logs", "rows_after_all_lines"), 1u);
}

TEST_F(Verify, PassesALogThatWasTakenAway) {
  there_.stop();
  std::filesystem::remove(there_.log(kLog));
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_THAT(notes(found, "JSON logs"), Contains(std::string(kLog) + ": is not there; it was renamed or removed"));
  EXPECT_EQ(number_of(found, "JSON logs", "rows_before_log"), 41u);
  EXPECT_THAT(check_of(found, "JSON logs").summary(), HasSubstr("9 lines in 3 logs; of 50 rows, 9 with a line"));
}

TEST_F(Verify, PassesALogThatWasRotated) {
  std::filesystem::rename(there_.log(kLog), there_.log(kLog).string() + ".1");
  there_.record(1, 6);
  there_.deliver(1);
  const Verification found = verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_EQ(number_of(found, "JSON logs", "rows_before_log"), 41u);
  EXPECT_EQ(number_of(found, "JSON logs", "rows_with_line"), 15u);
}

TEST_F(Verify, PassesWhatACollectorThatWasKilledLeftBehindTheCommittedLength) {
  there_.stop();
  std::ofstream(there_.log(kLog), std::ios::app) << "{\"Timestamp\": \"half a li";
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_EQ(number_of(found, "JSON logs", "uncommitted_octets"), 24u);
  EXPECT_THAT(notes(found, "JSON logs"), ElementsAre(HasSubstr("24 octets behind the committed lengths: left by a collector that was killed")));
}

TEST_F(Verify, TellsThatACollectorRuns) {
  there_.stop();
  std::ofstream(there_.log(kLog), std::ios::app) << "{\"Timestamp\": \"half a li";
  std::string error;
  const auto lock = base::FileLock::acquire(there_.data_dir() / "run" / "collector.lock", std::chrono::milliseconds(0), error);
  ASSERT_TRUE(lock) << error;
  const Verification found = there_.verify();
  EXPECT_EQ(found.collector_pid, ::getpid());
  EXPECT_THAT(notes(found, "JSON logs"), ElementsAre(HasSubstr("in progress")));
}

TEST_F(Verify, SaysThatLogsAreOffSince) {
  there_.start_collector(collector::JsonLogs::Off);
  there_.record(0, 5);
  there_.deliver(0);
  const Verification found = verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_THAT(notes(found, "JSON logs"), ElementsAre(HasSubstr("5 rows without a line, after the last line of all logs")));
}

TEST_F(Verify, SaysThatLogsWereNeverOn) {
  testing::Installation other;
  other.start_collector(collector::JsonLogs::Off);
  other.record(0, 5);
  other.deliver(0);
  other.stop();
  const Verification found = other.verify();
  EXPECT_TRUE(found.is_sound());
  EXPECT_EQ(check_of(found, "JSON logs").verdict(), Verdict::Skipped);
}

TEST_F(Verify, PassesLinesOfADatabaseThatWasRemoved) {
  there_.stop();
  std::filesystem::remove_all(there_.data_dir() / "Database");
  std::filesystem::remove_all(there_.data_dir() / "spool");
  std::filesystem::create_directory(there_.data_dir() / "Database");
  there_.start_collector(collector::JsonLogs::On);
  auto later = collector::testing::served_event();
  later.set_started_at_us(later.started_at_us() + 60'000'000);
  there_.record_event(0, later);
  there_.deliver(0);
  const Verification found = verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_EQ(number_of(found, "JSON logs", "older_lines"), 41u);
  EXPECT_EQ(number_of(found, "JSON logs", "rows_with_line"), 1u);
}

// The spools

TEST_F(Verify, CountsWhatIsToBeDelivered) {
  there_.record(0, 7);
  const std::string stream = there_.stream_id(0);
  const Verification found = verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_EQ(number_of(found, "spools", "pending_events"), 7u);
  EXPECT_THAT(notes(found, "spools"), ElementsAre("worker-0 (" + stream + "): events 31 to 37 kept, 7 of them not in the database yet"));
}

TEST_F(Verify, CountsWhatIsNotAcknowledged) {
  there_.record(0, 7);
  there_.deliver_without_acknowledgement(0);
  there_.record(0, 2);
  const Verification found = verify();
  EXPECT_THAT(failed(found), IsEmpty());
  EXPECT_EQ(number_of(found, "spools", "pending_events"), 2u);
  EXPECT_EQ(number_of(found, "spools", "unacknowledged_events"), 7u);
}

TEST_F(Verify, FindsADatabaseThatIsOlderThanTheSpools) {
  const auto path = there_.data_dir() / "Database" / "proxy_traffic.db";
  there_.start_collector(collector::JsonLogs::Off);
  const std::string older = (there_.stop(), content_of(path));
  there_.start_collector(collector::JsonLogs::Off);
  there_.record(0, 7);
  there_.deliver(0);
  there_.record(0, 1);
  there_.stop();
  std::filesystem::remove(path.native() + "-wal");
  write(path, older);
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), ElementsAre("spools"));
  EXPECT_THAT(faults(found, "spools"), ElementsAre(HasSubstr("events 31 to 37: in neither the spool nor the database")));
  EXPECT_EQ(number_of(found, "spools", "pending_events"), 1u);
}

TEST_F(Verify, FindsADamagedSegment) {
  there_.record(0, 7);
  there_.stop();
  std::string content = content_of(there_.segment(0));
  const std::size_t place = content.rfind("www.example.com");
  content[place] ^= 1;
  write(there_.segment(0), content);
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), ElementsAre("spools"));
  EXPECT_THAT(faults(found, "spools"), ElementsAre(HasSubstr("is damaged behind event 36, at octet "),
                                                   HasSubstr("event 37: unreadable in the spool, not in the database")));
  EXPECT_EQ(number_of(found, "spools", "damaged_segments"), 1u);
  EXPECT_EQ(number_of(found, "spools", "pending_events"), 6u);
}

TEST_F(Verify, FindsEventsThatBecameZeros) {
  there_.record(0, 7);
  there_.stop();
  std::string content = content_of(there_.segment(0));
  const std::size_t place = offset_of_event(content, 36);
  content.replace(place, std::string::npos, content.size() - place, '\0');
  write(there_.segment(0), content);
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), ElementsAre("spools"));
  EXPECT_THAT(faults(found, "spools"), ElementsAre(HasSubstr("is damaged behind event 35"),
                                                   HasSubstr("events 36 to 37: unreadable in the spool, not in the database")));
  EXPECT_EQ(number_of(found, "spools", "pending_events"), 5u);
  EXPECT_EQ(number_of(found, "spools", "events_in_neither"), 2u);
}

TEST_F(Verify, FindsWhatADamagedSegmentTookFromTheMiddle) {
  there_.record(0, 200);  // more than one segment
  there_.stop();
  std::vector<std::filesystem::path> segments;
  for (const auto& entry : std::filesystem::directory_iterator(there_.segment(0).parent_path())) {
    if (entry.path().extension() == ".seg") {
      segments.push_back(entry.path());
    }
  }
  std::sort(segments.begin(), segments.end());
  ASSERT_GE(segments.size(), 2u);
  std::string content = content_of(segments.front());
  const std::uint64_t behind = std::stoull(segments[1].stem().string());
  const std::size_t last = content.rfind("www.example.com");
  content[last] ^= 1;
  write(segments.front(), content);
  const Verification found = there_.verify();
  EXPECT_THAT(failed(found), ElementsAre("spools"));
  EXPECT_THAT(faults(found, "spools"), ElementsAre(HasSubstr("is damaged behind event " + std::to_string(behind - 2)),
                                                   HasSubstr("event " + std::to_string(behind - 1) + ": unreadable in the spool, not in the database")));
}

TEST_F(Verify, PassesAnEventThatWasNeverFinished) {
  there_.record(0, 2);
  there_.stop();
  std::string content = content_of(there_.segment(0));
  const std::size_t end = content.find_last_not_of('\0') / 8 * 8 + 8;
  content.replace(end + 8, 300, std::string(300, 'x'));
  write(there_.segment(0), content);
  EXPECT_THAT(failed(there_.verify()), IsEmpty());
}

TEST_F(Verify, FindsAFileThatIsNoSegment) {
  const auto folder = there_.segment(1).parent_path();
  write(folder / "00000000000000000099.seg", std::string(4096, 'x'));
  write(folder / "00000000000000000100.seg", std::string(4096, '\0'));
  write(folder / "00000000000000000007.seg.damaged", "x");
  const Verification found = verify();
  EXPECT_THAT(faults(found, "spools"), ElementsAre("worker-1/00000000000000000099.seg is not a spool segment"));
  EXPECT_THAT(notes(found, "spools"), ElementsAre(HasSubstr("00000000000000000007.seg.damaged was set aside by a worker")));
}

}  // namespace
}  // namespace weir::verify
