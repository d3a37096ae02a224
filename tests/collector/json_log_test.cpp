#include "collector/json_log.h"

#include <gtest/gtest.h>

#include "collector/log_name.h"
#include "collector/recorder.h"
#include "tests/collector/hand_made.h"

namespace weir::collector {
namespace {

using namespace testing;

class JsonLogTest : public ::testing::Test {
 protected:
  JsonLogTest() { open(); }

  void open(const JsonLogLimits& limits = {}) {
    recorder_.reset();
    store::Error error;
    recorder_ = Recorder::open(folder_.path(), {.json_log_limits = limits}, error);
    ASSERT_TRUE(recorder_) << error.message;
  }

  void record(const std::vector<std::string>& hosts) {
    std::vector<proto::TrafficEvent> events;
    for (const std::string& host : hosts) {
      events.push_back(served_event(host));
    }
    ASSERT_EQ(recorder_->take(make_batch("s", next_, events).batch, "route", 1), Verdict::Accepted);
    next_ += events.size();
  }

  void commit() { ASSERT_TRUE(recorder_->commit()) << recorder_->error(); }

  // Opens a log on a database of its own, writes two lines, and ends without the COMMIT, as a killed collector does.
  void write_without_commit(const std::vector<std::string>& hosts) {
    recorder_.reset();
    store::Error error;
    auto database = store::Database::open_writer(folder_.database(), error);
    std::string failed;
    auto log = JsonLog::open(folder_.path(), *database, {}, store::Survives::Kill, failed);
    ASSERT_TRUE(log) << failed;
    ASSERT_TRUE(database->execute("begin", "BEGIN IMMEDIATE", error));
    TrafficRecord record;
    record.outcome = store::Outcome::Served;
    for (const std::string& host : hosts) {
      record.host = host;
      log->append(record, 1);
    }
    ASSERT_TRUE(log->write(failed)) << failed;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Recorder> recorder_;
  std::uint64_t next_ = 1;
};

TEST_F(JsonLogTest, CutsAnUncommittedTailAtTheNextStart) {
  record({"a.example"});
  commit();
  const std::string committed = content(folder_.traffic("a.example.jsonl"));
  std::ofstream(folder_.traffic("a.example.jsonl"), std::ios::app) << "{\"half a li";
  open();
  EXPECT_EQ(content(folder_.traffic("a.example.jsonl")), committed);
}

TEST_F(JsonLogTest, TakesBackWhatAKilledCollectorWroteIntoNewOldAndRotatedFiles) {
  record({"old.example", "rotated.example"});
  commit();
  const std::string committed = content(folder_.traffic("old.example.jsonl"));
  std::filesystem::rename(folder_.traffic("rotated.example.jsonl"), folder_.traffic("rotated.example.jsonl.1"));
  const std::string rotated = content(folder_.traffic("rotated.example.jsonl.1"));
  write_without_commit({"old.example", "rotated.example", "new.example"});
  ASSERT_GT(content(folder_.traffic("old.example.jsonl")).size(), committed.size());
  ASSERT_FALSE(content(folder_.traffic("new.example.jsonl")).empty());
  open();
  EXPECT_EQ(content(folder_.traffic("old.example.jsonl")), committed);
  EXPECT_EQ(content(folder_.traffic("new.example.jsonl")), "");
  EXPECT_EQ(content(folder_.traffic("rotated.example.jsonl")), "");
  EXPECT_EQ(content(folder_.traffic("rotated.example.jsonl.1")), rotated);
}

TEST_F(JsonLogTest, KeepsCommittedLinesWhenTheDatabaseIsRemoved) {
  record({"a.example"});
  commit();
  const std::string committed = content(folder_.traffic("a.example.jsonl"));
  recorder_.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(folder_.database().string() + suffix);
  }
  open();
  EXPECT_EQ(content(folder_.traffic("a.example.jsonl")), committed);
}

TEST_F(JsonLogTest, AcceptsAShortenedOrRemovedFile) {
  record({"a.example", "b.example"});
  commit();
  recorder_.reset();
  std::filesystem::resize_file(folder_.traffic("a.example.jsonl"), 10);
  std::filesystem::remove(folder_.traffic("b.example.jsonl"));
  open();
  EXPECT_EQ(content(folder_.traffic("a.example.jsonl")).size(), 10u);
  EXPECT_EQ(query(folder_.database(), "SELECT path FROM json_file"), std::vector<std::string>{"Website Traffic/a.example.jsonl"});
  record({"b.example"});
  commit();
  EXPECT_EQ(lines(folder_.traffic("b.example.jsonl")).size(), 1u);
}

TEST_F(JsonLogTest, WritesANewFileAfterARenameWhileItRuns) {
  record({"a.example"});
  commit();
  std::filesystem::rename(folder_.traffic("a.example.jsonl"), folder_.traffic("a.example.jsonl.1"));
  record({"a.example"});
  commit();
  std::filesystem::resize_file(folder_.traffic("a.example.jsonl.1"), 0);  // as copytruncate does
  EXPECT_EQ(lines(folder_.traffic("a.example.jsonl")).size(), 1u);
  const std::string size = std::to_string(std::filesystem::file_size(folder_.traffic("a.example.jsonl")));
  EXPECT_EQ(query(folder_.database(), "SELECT committed_bytes FROM json_file"), std::vector<std::string>{size});
}

TEST_F(JsonLogTest, MakesTheFolderAgainWhenItWasRemoved) {
  std::filesystem::remove_all(folder_.path() / "Website Traffic");
  record({"a.example"});
  commit();
  EXPECT_EQ(lines(folder_.traffic("a.example.jsonl")).size(), 1u);
}

TEST_F(JsonLogTest, WritesMoreFilesThanItKeepsOpen) {
  open({.open_files_max = 3, .files_max = 1000});
  std::vector<std::string> hosts;
  for (int host = 0; host < 20; ++host) {
    hosts.push_back("h" + std::to_string(host) + ".example");
  }
  for (int round = 0; round < 3; ++round) {
    record(hosts);
    commit();
  }
  for (const std::string& host : hosts) {
    EXPECT_EQ(lines(folder_.traffic(host + ".jsonl")).size(), 3u) << host;
  }
}

TEST_F(JsonLogTest, SendsTheLinesOfTooManyHostsToOneFile) {
  open({.open_files_max = 8, .files_max = 2});
  record({"a.example", "b.example"});
  commit();
  record({"c.example", "d.example", "a.example"});
  commit();
  EXPECT_FALSE(std::filesystem::exists(folder_.traffic("c.example.jsonl")));
  EXPECT_EQ(lines(folder_.path() / kOverflowLog).size(), 2u);
  EXPECT_EQ(lines(folder_.traffic("a.example.jsonl")).size(), 2u);
}

TEST_F(JsonLogTest, IsNotStoppedByAFileThatCannotBeWritten) {
  std::filesystem::create_directory(folder_.traffic("a.example.jsonl"));
  std::filesystem::create_symlink("/dev/null", folder_.traffic("b.example.jsonl"));
  record({"a.example", "b.example", "c.example"});
  commit();
  EXPECT_EQ(lines(folder_.path() / kOverflowLog).size(), 2u);
  EXPECT_EQ(lines(folder_.traffic("c.example.jsonl")).size(), 1u);
}

TEST(UndoNote, IsReadBackAndIgnoredWhenTorn) {
  const UndoNote note{"abcd", 7, {{"Website Traffic/a b.jsonl", 11, 120}, {"Blocked Logs/blocked.jsonl", 12, 0}}};
  const std::string text = to_text(note);
  const auto read = parse_undo_note(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->database_id, "abcd");
  EXPECT_EQ(read->transaction, 7);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].name, "Website Traffic/a b.jsonl");
  EXPECT_EQ(read->files[1].inode, 12u);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_undo_note(text.substr(0, length))) << length;
  }
}

TEST(OpenFiles, ClosesTheLeastRecentlyUsed) {
  TemporaryFolder folder;
  OpenFiles files(folder.path(), 2);
  const int first = files.acquire("a", OpenFiles::Creation::Allowed)->fd.value();
  files.acquire("b", OpenFiles::Creation::Allowed);
  files.acquire("a", OpenFiles::Creation::Allowed);
  files.acquire("c", OpenFiles::Creation::Allowed);
  EXPECT_EQ(files.open_count(), 2u);
  EXPECT_EQ(files.acquire("a", OpenFiles::Creation::Forbidden)->fd.value(), first);
  EXPECT_FALSE(files.has_created());
  EXPECT_EQ(files.acquire("new", OpenFiles::Creation::Forbidden), nullptr);
}

}  // namespace
}  // namespace weir::collector
