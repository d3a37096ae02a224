#include "common/store/schema.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <filesystem>

namespace weir::store {
namespace {

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() {
    ::setenv("TZ", "Europe/Berlin", 1);
    ::tzset();
    std::string pattern = (std::filesystem::temp_directory_path() / "weir.schema.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    database_ = Database::open_writer(folder_ / "x.db", error_);
  }
  ~SchemaTest() override {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void execute(const std::string& sql) { ASSERT_TRUE(database_->execute("test", sql, error_)) << error_.message; }

  // All rows, columns joined by '|', NULL as an empty text.
  std::string rows(const std::string& sql) {
    auto select = database_->prepare("test", sql, error_);
    EXPECT_TRUE(select) << error_.message;
    std::string all;
    while (select && select->step() == Step::Row) {
      for (int column = 0; column < select->column_count(); ++column) {
        all.append(column > 0 ? "|" : "").append(select->text(column));
      }
      all += "\n";
    }
    return all;
  }

  std::string columns(const std::string& view) {
    auto select = database_->prepare("test", "SELECT * FROM " + view, error_);
    std::string all;
    for (int column = 0; select && column < select->column_count(); ++column) {
      all.append(column > 0 ? "|" : "").append(select->column_name(column));
    }
    return all;
  }

  void fill() {
    ASSERT_TRUE(migrate(*database_, error_)) << error_.message;
    insert_rows();
  }

  // As far as every version of the schema has them.
  void insert_rows() {
    execute("INSERT INTO client VALUES (1, '127.0.0.1'); INSERT INTO host VALUES (1, 'www.example.com'), (2, 'www.youtube.com');"
            "INSERT INTO method VALUES (1, 'CONNECT'), (2, 'GET'); INSERT INTO reason VALUES (1, 'blocked_domain'),"
            " (2, 'destination_not_allowed'), (3, 'rate_limit'); INSERT INTO rule VALUES (1, '*.youtube.com', 'video.txt');"
            "INSERT INTO stream (id, stream_id, last_sequence) VALUES (1, 'worker-0-ab', 5)");
    const std::string columns = "INSERT INTO request (id, duration_us, ttfb_us, client_id, host_id, port, method_id, scheme, status,"
                                " outcome, fault, reason_id, rule_id, requests_in_window, bytes_sent, bytes_received,"
                                " response_body_bytes, request_body_bytes, path, worker_id, connection_id, request_number,"
                                " client_port, stream, sequence) VALUES ";
    execute(columns + "(1760799018608277, 2618475, 34102, 1, 1, 443, 1, 2, 200, 1, 0, NULL, NULL, NULL, 2074, 10282, 0, 0, '', 0, 1, 1, 5, 1, 1)");
    execute(columns + "(1760799019000007, 1500, NULL, 1, 1, 80, 2, 1, 200, 1, 0, NULL, NULL, NULL, 9, 8, 7, 6, '/', 0, 1, 1, 5, 1, 2)");
    execute(columns + "(1760799020000000, 9, 9, 1, 2, 443, 1, 2, 403, 2, 4, 1, 1, NULL, 9, 8, 7, 6, '', 0, 1, 1, 5, 1, 3)");
    execute(columns + "(1760799021000000, 9, 9, 1, 1, 443, 1, 2, 403, 2, 4, 2, NULL, NULL, 9, 8, 7, 6, '', 0, 1, 1, 5, 1, 4)");
    execute(columns + "(1760799022000000, 9, 9, 1, 1, 443, 1, 2, 429, 3, 4, 3, NULL, 101, 9, 8, 7, 6, '', 0, 1, 1, 5, 1, 5)");
  }

  std::filesystem::path folder_;
  Error error_;
  std::optional<Database> database_;
};

TEST_F(SchemaTest, IsCreatedOnce) {
  EXPECT_EQ(schema_state(*database_, error_), SchemaState::Empty);
  EXPECT_TRUE(migrate(*database_, error_)) << error_.message;
  EXPECT_TRUE(migrate(*database_, error_)) << error_.message;
  EXPECT_EQ(schema_state(*database_, error_), SchemaState::Present);
}

TEST_F(SchemaTest, BringsAnOlderDatabaseUpToDateAndKeepsWhatIsInIt) {
  execute("BEGIN;" + migration_sql(1) + "INSERT INTO meta VALUES ('schema_version', 1); COMMIT; PRAGMA application_id = " +
          std::to_string(kApplicationId));
  EXPECT_EQ(schema_state(*database_, error_), SchemaState::Older);
  insert_rows();
  execute("INSERT INTO gap VALUES ('worker-0-ab', 6, 8, 1760799023000000)");
  ASSERT_TRUE(migrate(*database_, error_)) << error_.message;
  EXPECT_EQ(schema_state(*database_, error_), SchemaState::Present) << error_.message;
  EXPECT_EQ(rows("SELECT value FROM meta WHERE name = 'schema_version'"), std::to_string(kSchemaVersion) + "\n");
  EXPECT_EQ(rows("SELECT * FROM gaps"), "worker-0-ab|6|8|3|||2025-10-18T16:50:23.000000\n");
  EXPECT_EQ(rows("SELECT last_sequence, last_completed_at_us FROM stream"), "5|\n");
  EXPECT_EQ(rows("SELECT count(*), sum(bytes_sent) FROM traffic"), "5|2110\n");
  EXPECT_EQ(rows("SELECT count(*) FROM requests"), "2\n");
  EXPECT_EQ(rows("PRAGMA integrity_check"), "ok\n");
}

TEST_F(SchemaTest, TakesOverWhatObservedRulesWouldHaveBlocked) {
  for (std::int64_t version = 1; version <= 4; ++version) {
    execute(migration_sql(version));
  }
  execute("INSERT INTO meta VALUES ('schema_version', 4); PRAGMA application_id = " + std::to_string(kApplicationId));
  insert_rows();
  execute("UPDATE request SET would_block = 1 WHERE id IN (SELECT id FROM request ORDER BY id LIMIT 2 OFFSET 1)");
  ASSERT_TRUE(migrate(*database_, error_)) << error_.message;
  EXPECT_EQ(rows("SELECT id FROM observed_request"), rows("SELECT id FROM request WHERE would_block = 1"));
  EXPECT_EQ(rows("SELECT count(*) FROM observed_request"), "2\n");
}

TEST_F(SchemaTest, LeavesAnOlderDatabaseAsItIsWhenTheStepFails) {
  execute("BEGIN;" + migration_sql(1) + "INSERT INTO meta VALUES ('schema_version', 1); COMMIT; PRAGMA application_id = " +
          std::to_string(kApplicationId) + "; CREATE TABLE progress (id INTEGER)");
  EXPECT_FALSE(migrate(*database_, error_));
  EXPECT_EQ(schema_state(*database_, error_), SchemaState::Older);
  EXPECT_EQ(rows("SELECT count(*) FROM pragma_table_info('gap')"), "4\n");
}

TEST_F(SchemaTest, RefusesANewerDatabaseAndAnotherPrograms) {
  ASSERT_TRUE(migrate(*database_, error_));
  execute("UPDATE meta SET value = 99 WHERE name = 'schema_version'");
  EXPECT_EQ(schema_state(*database_, error_), SchemaState::Newer);
  EXPECT_FALSE(migrate(*database_, error_));
  EXPECT_EQ(error_.failure, Failure::Unsuitable);
  execute("PRAGMA application_id = 0");
  EXPECT_EQ(schema_state(*database_, error_), SchemaState::Foreign);
  EXPECT_FALSE(migrate(*database_, error_));
}

TEST_F(SchemaTest, HasTheOriginalsColumns) {
  ASSERT_TRUE(migrate(*database_, error_));
  EXPECT_EQ(columns("requests"),
            "id|timestamp|source_ip|destination_host|destination_port|request_method|protocol|bytes_sent|bytes_received|"
            "duration_seconds|ttfb_seconds");
  EXPECT_EQ(columns("blocked_requests"), "id|timestamp|source_ip|blocked_hostname|reason");
  EXPECT_EQ(columns("rate_limit_violations"), "id|timestamp|source_ip|request_count");
}

TEST_F(SchemaTest, ShowsServedRequestsAsTheOriginalDoes) {
  fill();
  EXPECT_EQ(rows("SELECT * FROM requests"),
            "1760799018608277|2025-10-18T16:50:18.608277|127.0.0.1|www.example.com|443|CONNECT|HTTPS|2074|10282|2.618475|0.034102\n"
            "1760799019000007|2025-10-18T16:50:19.000007|127.0.0.1|www.example.com|80|GET|HTTP|9|8|0.0015|\n");
}

TEST_F(SchemaTest, ShowsRefusalsAndRateLimitsAsTheOriginalDoes) {
  fill();
  EXPECT_EQ(rows("SELECT * FROM blocked_requests"),
            "1760799020000000|2025-10-18T16:50:20.000000|127.0.0.1|www.youtube.com|Blocklist\n"
            "1760799021000000|2025-10-18T16:50:21.000000|127.0.0.1|www.example.com|destination_not_allowed\n");
  EXPECT_EQ(rows("SELECT * FROM rate_limit_violations"), "1760799022000000|2025-10-18T16:50:22.000000|127.0.0.1|101\n");
}

TEST_F(SchemaTest, ResolvesEverythingToText) {
  fill();
  EXPECT_EQ(rows("SELECT client_address, scheme, host, outcome, fault, reason, rule, rule_list, stream_id, sequence FROM all_requests"
                 " WHERE id = 1760799020000000"),
            "127.0.0.1|https|www.youtube.com|refused|policy|blocked_domain|*.youtube.com|video.txt|worker-0-ab|3\n");
  EXPECT_EQ(rows("SELECT DISTINCT outcome || ':' || fault FROM all_requests ORDER BY id"), "served:nobody\nrefused:policy\nrate_limited:policy\n");
}

TEST_F(SchemaTest, SeeksARangeOfTimeByThePrimaryKey) {
  fill();
  for (const char* view : {"requests", "blocked_requests", "rate_limit_violations", "all_requests"}) {
    const std::string plan = rows(std::string("EXPLAIN QUERY PLAN SELECT * FROM ") + view + " WHERE id BETWEEN 1 AND 2");
    EXPECT_NE(plan.find("SEARCH request USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("AUTOMATIC"), std::string::npos) << plan;
  }
}

}  // namespace
}  // namespace weir::store
