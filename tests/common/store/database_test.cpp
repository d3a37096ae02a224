#include "common/store/database.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "common/store/schema.h"

namespace weir::store {
namespace {

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir store ?#%20.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "proxy_traffic.db";
  }
  ~DatabaseTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Database writer() {
    auto database = Database::open_writer(path_, error_);
    EXPECT_TRUE(database && migrate(*database, error_)) << error_.message;
    return std::move(*database);
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
  Error error_;
};

TEST_F(DatabaseTest, IsWrittenAndReadWhereverItLies) {
  Database database = writer();
  EXPECT_TRUE(std::filesystem::exists(path_));
  auto insert = database.prepare("insert", "INSERT INTO host (name) VALUES (?1)", error_);
  ASSERT_TRUE(insert) << error_.message;
  EXPECT_TRUE(insert->bind(1, std::string_view("example.com")).run());
  EXPECT_EQ(database.last_insert_id(), 1);
  auto reader = Database::open_reader(path_, error_);
  ASSERT_TRUE(reader) << error_.message;
  EXPECT_EQ(reader->query_integer("count", "SELECT count(*) FROM host", error_), 1);
}

TEST_F(DatabaseTest, GivesEachTypeBack) {
  Database database = writer();
  auto select = database.prepare("echo", "SELECT ?1 AS whole, ?2, ?3, ?4, ?5, ?6", error_);
  select->bind(1, std::int64_t{-7}).bind(2, 2.5).bind(3, std::string_view()).bind_blob(4, std::string_view("\0x", 2)).bind_null(5);
  select->bind(6, std::optional<std::int64_t>());
  ASSERT_EQ(select->step(), Step::Row);
  EXPECT_EQ(select->column_name(0), "whole");
  EXPECT_EQ(select->integer(0), -7);
  EXPECT_EQ(select->real(1), 2.5);
  EXPECT_FALSE(select->is_null(2));
  EXPECT_EQ(select->text(2), "");
  EXPECT_EQ(select->blob(3), std::string_view("\0x", 2));
  EXPECT_TRUE(select->is_null(4));
  EXPECT_TRUE(select->is_null(5));
  EXPECT_EQ(select->step(), Step::Done);
}

TEST_F(DatabaseTest, TellsWhichStatementFailedAndWhy) {
  Database database = writer();
  EXPECT_FALSE(database.prepare("broken", "SELECT x FROM nowhere", error_));
  EXPECT_EQ(error_.message, "broken: no such table: nowhere");
  auto insert = database.prepare("insert host", "INSERT INTO host (id, name) VALUES (1, ?1)", error_);
  EXPECT_TRUE(insert->bind(1, std::string_view("a")).run());
  EXPECT_FALSE(insert->bind(1, std::string_view("b")).run());
  EXPECT_EQ(insert->error().failure, Failure::KeyTaken);
  EXPECT_EQ(insert->error().message, "insert host: UNIQUE constraint failed: host.id");
  EXPECT_FALSE(insert->bind(99, std::string_view("c")).run());
}

TEST_F(DatabaseTest, ReaderSaysWhenThereIsNothing) {
  EXPECT_FALSE(Database::open_reader(path_, error_));
  EXPECT_EQ(error_.failure, Failure::Missing);
}

TEST_F(DatabaseTest, ReaderAndWriterRefuseWhatIsNoDatabase) {
  std::ofstream(path_) << std::string(10'000, 'x');
  EXPECT_FALSE(Database::open_reader(path_, error_));
  EXPECT_EQ(error_.failure, Failure::NotADatabase);
  EXPECT_FALSE(Database::open_writer(path_, error_));
  EXPECT_EQ(error_.failure, Failure::NotADatabase) << error_.message;
}

TEST_F(DatabaseTest, ReaderCannotWrite) {
  writer();
  auto reader = Database::open_reader(path_, error_);
  EXPECT_FALSE(reader->execute("write", "INSERT INTO host (name) VALUES ('x')", error_));
  EXPECT_EQ(error_.failure, Failure::ReadOnly);
}

TEST_F(DatabaseTest, ReaderSeesCommittedRowsOfAWriterThatWasKilled) {
  Database database = writer();
  ASSERT_TRUE(database.execute("insert", "INSERT INTO host (name) VALUES ('in the WAL')", error_));
  // What lies on disk at the moment of a kill: the WAL holds everything.
  const auto copy = folder_ / "copy.db";
  std::filesystem::copy_file(path_, copy);
  std::filesystem::copy_file(path_.native() + "-wal", copy.native() + "-wal");
  auto reader = Database::open_reader(copy, error_);
  ASSERT_TRUE(reader) << error_.message;
  EXPECT_EQ(reader->query_integer("count", "SELECT count(*) FROM host", error_), 1);
  const auto wal_bytes = std::filesystem::file_size(copy.native() + "-wal");
  reader.reset();
  EXPECT_EQ(std::filesystem::file_size(copy.native() + "-wal"), wal_bytes) << "a reader does not checkpoint";
}

TEST_F(DatabaseTest, ReaderDoesNotStopTheWriter) {
  Database database = writer();
  auto reader = Database::open_reader(path_, error_);
  auto select = reader->prepare("scan", "SELECT * FROM sqlite_schema", error_);
  ASSERT_EQ(select->step(), Step::Row);
  EXPECT_TRUE(database.execute("insert", "INSERT INTO host (name) VALUES ('x')", error_)) << error_.message;
}

}  // namespace
}  // namespace weir::store
