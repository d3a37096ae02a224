#include "tests/reporter/traffic_database.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <vector>

#include "common/store/schema.h"

namespace weir::reporter {

namespace {

// The fixtures have no quoted fields.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char character : line) {
    if (character == ',') {
      fields.emplace_back();
    } else {
      fields.back() += character;
    }
  }
  return fields;
}

std::int64_t microseconds(const std::string& seconds) { return std::llround(std::stod(seconds) * 1e6); }

TestRequest request_of(const std::vector<std::string>& fields) {
  TestRequest request;
  request.id = std::stoll(fields.at(0));
  request.client = fields.at(2);
  request.host = fields.at(3);
  request.port = std::stoll(fields.at(4));
  request.method = fields.at(5);
  request.scheme = fields.at(6) == "HTTPS" ? store::Scheme::Https : store::Scheme::Http;
  request.bytes_sent = std::stoll(fields.at(7));
  request.bytes_received = std::stoll(fields.at(8));
  request.duration_us = microseconds(fields.at(9));
  request.ttfb_us = fields.at(10).empty() ? std::nullopt : std::optional(microseconds(fields.at(10)));
  return request;
}

}  // namespace

TrafficDatabase::TrafficDatabase() {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  std::string folder = (std::filesystem::temp_directory_path() / "weir reporter XXXXXX").string();
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  data_dir_ = folder;
}

TrafficDatabase::~TrafficDatabase() {
  writer_.reset();
  std::filesystem::remove_all(data_dir_);
}

void TrafficDatabase::create_tables() {
  if (writer_) {
    return;
  }
  std::filesystem::create_directories(path().parent_path());
  store::Error error;
  writer_ = store::Database::open_writer(path(), error);
  ASSERT_TRUE(writer_) << error.message;
  ASSERT_TRUE(store::migrate(*writer_, error)) << error.message;
}

void TrafficDatabase::execute(const std::string& sql) {
  create_tables();
  store::Error error;
  EXPECT_TRUE(writer_->execute("test", sql, error)) << error.message;
}

std::int64_t TrafficDatabase::reference(const std::string& table, const std::string& column, const std::string& value) {
  store::Error error;
  auto insert = writer_->prepare("insert name", "INSERT OR IGNORE INTO " + table + " (" + column + ") VALUES (?1)", error);
  EXPECT_TRUE(insert && insert->bind(1, value).run());
  auto find = writer_->prepare("find name", "SELECT id FROM " + table + " WHERE " + column + " = ?1", error);
  EXPECT_TRUE(find && find->bind(1, value).step() == store::Step::Row);
  return find->integer(0);
}

void TrafficDatabase::add(const TestRequest& request) {
  create_tables();
  store::Error error;
  auto insert = writer_->prepare(
      "insert request",
      "INSERT INTO request (id, duration_us, ttfb_us, client_id, host_id, port, method_id, scheme, status, outcome, fault,"
      " bytes_sent, bytes_received, response_body_bytes, request_body_bytes, path, worker_id, connection_id, request_number,"
      " client_port, stream, sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 200, ?9, 0, ?10, ?11, 0, 0, '', 0, 1, 1, 1, 1, ?1)",
      error);
  ASSERT_TRUE(insert) << error.message;
  insert->bind(1, request.id).bind(2, request.duration_us).bind(3, request.ttfb_us);
  insert->bind(4, reference("client", "address", request.client)).bind(5, reference("host", "name", request.host));
  insert->bind(6, request.port).bind(7, reference("method", "name", request.method));
  insert->bind(8, static_cast<std::int64_t>(request.scheme)).bind(9, static_cast<std::int64_t>(request.outcome));
  insert->bind(10, request.bytes_sent).bind(11, request.bytes_received);
  EXPECT_TRUE(insert->run()) << insert->error().message;
}

void TrafficDatabase::load(const std::filesystem::path& csv) {
  execute("BEGIN");
  std::ifstream file(csv);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    add(request_of(fields_of(line)));
  }
  execute("COMMIT");
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path fixture(const std::string& name) { return std::filesystem::path(WEIR_FIXTURES) / name; }

}  // namespace weir::reporter
