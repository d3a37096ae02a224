// A data directory in a temporary folder with a database that the reporter's tests fill through common/store. Times are
// UTC in these tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/store/database.h"
#include "common/store/outcome.h"

namespace weir::reporter {

struct TestRequest {
  std::int64_t id = 1'000'000;
  std::string host = "www.meadow.example";
  std::int64_t duration_us = 2'000'000;
  std::optional<std::int64_t> ttfb_us = 1000;
  std::int64_t bytes_sent = 100;
  std::int64_t bytes_received = 10;
  std::string client = "127.0.0.1";
  std::int64_t port = 443;
  std::string method = "CONNECT";
  store::Scheme scheme = store::Scheme::Https;
  store::Outcome outcome = store::Outcome::Served;
};

class TrafficDatabase {
 public:
  TrafficDatabase();
  ~TrafficDatabase();
  TrafficDatabase(const TrafficDatabase&) = delete;
  TrafficDatabase& operator=(const TrafficDatabase&) = delete;

  // Creates the tables at the first row; as the collector, stays connected.
  void add(const TestRequest& request);
  void create_tables();
  // Adds the rows of a file as `reporter --csv` writes it.
  void load(const std::filesystem::path& csv);
  void execute(const std::string& sql);

  const std::filesystem::path& data_dir() const { return data_dir_; }
  std::filesystem::path path() const { return data_dir_ / "Database" / "proxy_traffic.db"; }

 private:
  std::int64_t reference(const std::string& table, const std::string& column, const std::string& value);

  std::filesystem::path data_dir_;
  std::optional<store::Database> writer_;
};

// The whole content of a file.
std::string content_of(const std::filesystem::path& path);
// A file that is committed beside the tests.
std::filesystem::path fixture(const std::string& name);

}  // namespace weir::reporter
