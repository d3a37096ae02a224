#include "reporter/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "tests/reporter/traffic_database.h"

namespace weir::reporter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Next go_on() { return Next::Continue; }

Summary summary_of(const TrafficDatabase& database, const Selection& selection = {}) {
  std::string error;
  Summary summary;
  auto queries = Queries::open(database.data_dir(), error);
  EXPECT_TRUE(queries && queries->summarise(selection, go_on, summary, error)) << error;
  return summary;
}

std::vector<std::int64_t> exported_ids(const TrafficDatabase& database, const Selection& selection = {}) {
  std::string error;
  std::vector<std::int64_t> ids;
  auto queries = Queries::open(database.data_dir(), error);
  const auto take = [&ids](const ExportRow& row) {
    ids.push_back(row.id);
    return Next::Continue;
  };
  EXPECT_TRUE(queries && queries->export_rows(selection, take, [](std::int64_t) { return Next::Continue; }, error)) << error;
  return ids;
}

std::string open_error(const std::filesystem::path& data_dir) {
  std::string error;
  EXPECT_FALSE(Queries::open(data_dir, error));
  EXPECT_EQ(error.find('\n'), std::string::npos);
  return error;
}

TEST(Queries, CountsServedRequestsOnly) {
  TrafficDatabase database;
  for (const auto outcome : {store::Outcome::Served, store::Outcome::Refused, store::Outcome::RateLimited, store::Outcome::Failed,
                             store::Outcome::CutOff, store::Outcome::Interrupted}) {
    database.add({.id = 100 + static_cast<int>(outcome), .outcome = outcome});
  }
  EXPECT_EQ(summary_of(database).total.requests, 1u);
  EXPECT_THAT(exported_ids(database), ElementsAre(101));
}

TEST(Queries, IncludeBothEndsOfTheSelection) {
  TrafficDatabase database;
  for (const std::int64_t id : {10, 11, 12, 13}) {
    database.add({.id = id});
  }
  EXPECT_EQ(summary_of(database, {.first_id = 11, .last_id = 12, .domain_pattern = ""}).total.requests, 2u);
  EXPECT_THAT(exported_ids(database, {.first_id = 11, .last_id = 12, .domain_pattern = ""}), ElementsAre(11, 12));
}

TEST(Queries, MatchDomainsWhateverTheCase) {
  TrafficDatabase database;
  database.add({.id = 1, .host = "www.meadow.example"});
  database.add({.id = 2, .host = "meadow.example"});
  database.add({.id = 3, .host = "www.quarry.example"});
  const Selection selection{.domain_pattern = "*.Meadow.example"};
  EXPECT_THAT(exported_ids(database, selection), ElementsAre(1));
  const Summary summary = summary_of(database, selection);
  ASSERT_EQ(summary.domains.size(), 1u);
  EXPECT_EQ(summary.domains[0].name, "www.meadow.example");
  EXPECT_EQ(summary.total.requests, 1u);
}

TEST(Queries, ExportMoreThanOnePageWithoutLossOrRepeat) {
  constexpr std::int64_t kRows = 20'000;  // exactly two full pages
  for (const std::int64_t rows : {kRows - 1, kRows, kRows + 1}) {
    TrafficDatabase database;
    database.add({.id = 1});
    database.execute("INSERT INTO request SELECT value + 1, duration_us, ttfb_us, client_id, host_id, port, method_id, scheme, status,"
                     " outcome, fault, reason_id, rule_id, requests_in_window, bytes_sent, bytes_received, response_body_bytes,"
                     " request_body_bytes, user_agent_id, content_type_id, path, origin_address, worker_id, connection_id,"
                     " request_number, client_port, stream, sequence, 0, 0, NULL, NULL, NULL, NULL, 0 FROM request, (WITH RECURSIVE numbers(value) AS (SELECT 1"
                     " UNION ALL SELECT value + 1 FROM numbers WHERE value < " + std::to_string(rows - 1) + ") SELECT value FROM numbers)");
    const auto ids = exported_ids(database);
    ASSERT_EQ(ids.size(), static_cast<std::size_t>(rows));
    EXPECT_EQ(ids.back(), rows);
    EXPECT_EQ(summary_of(database).total.requests, static_cast<std::uint64_t>(rows));
  }
}

TEST(Queries, ReadWhileTheCollectorIsInATransaction) {
  TrafficDatabase database;
  database.add({.id = 1});
  database.execute("BEGIN IMMEDIATE");
  database.add({.id = 2});
  EXPECT_THAT(exported_ids(database), ElementsAre(1));
  database.execute("COMMIT");
  EXPECT_THAT(exported_ids(database), ElementsAre(1, 2));
}

TEST(Queries, FindNothingInADatabaseWithoutTables) {
  TrafficDatabase database;
  std::filesystem::create_directories(database.path().parent_path());
  std::ofstream(database.path()).flush();
  EXPECT_EQ(summary_of(database).total.requests, 0u);
  EXPECT_TRUE(exported_ids(database).empty());
}

TEST(Queries, SayWhereTheyLookedForAMissingDatabase) {
  TrafficDatabase database;
  const std::string error = open_error(database.data_dir());
  EXPECT_THAT(error, HasSubstr(database.path().string()));
  EXPECT_THAT(error, HasSubstr("--data-dir"));
  EXPECT_THAT(error, HasSubstr("start scripts/supervisor"));
}

TEST(Queries, RefuseWhatIsNotADatabase) {
  TrafficDatabase database;
  std::filesystem::create_directories(database.path().parent_path());
  std::ofstream(database.path()) << std::string(5000, 'x');
  EXPECT_THAT(open_error(database.data_dir()), HasSubstr("not a database"));
}

TEST(Queries, RefuseAFolderInTheDatabasesPlace) {
  TrafficDatabase database;
  std::filesystem::create_directories(database.path());
  EXPECT_THAT(open_error(database.data_dir()), HasSubstr(database.path().string()));
}

TEST(Queries, RefuseANewerSchemaAndAnotherProgramsDatabase) {
  TrafficDatabase newer;
  newer.execute("UPDATE meta SET value = 999 WHERE name = 'schema_version'");
  EXPECT_THAT(open_error(newer.data_dir()), HasSubstr("newer Weir"));
  TrafficDatabase foreign;
  foreign.execute("PRAGMA application_id = 7");
  EXPECT_THAT(open_error(foreign.data_dir()), HasSubstr("another program"));
}

}  // namespace
}  // namespace weir::reporter
