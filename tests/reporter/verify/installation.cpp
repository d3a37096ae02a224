#include "tests/reporter/verify/installation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "common/store/database.h"
#include "tests/collector/hand_made.h"

namespace weir::verify::testing {

namespace {

constexpr std::int64_t kNowUs = 1'760'799'020'000'000;

}  // namespace

Installation::Installation() {
  for (const char* name : {"run", "spool", "Database", "Website Traffic", "Blocked Logs"}) {
    std::filesystem::create_directory(data_dir() / name);
  }
  start_collector(collector::JsonLogs::On);
}

void Installation::start_collector(collector::JsonLogs json_logs) {
  recorder_.reset();
  store::Error error;
  recorder_ = collector::Recorder::open(data_dir(), {.json_logs = json_logs}, error);
  ASSERT_TRUE(recorder_) << error.message;
}

traffic::Spool& Installation::spool(int worker) {
  const auto index = static_cast<std::size_t>(worker);
  if (spools_.size() <= index) {
    spools_.resize(index + 1);
  }
  if (!spools_[index]) {
    std::string error;
    const std::string name = "worker-" + std::to_string(worker);
    spools_[index] = traffic::Spool::open(data_dir() / "spool" / name, name, {.segment_bytes = 1u << 16}, error);
    EXPECT_TRUE(spools_[index]) << error;
  }
  return *spools_[index];
}

std::string Installation::stream_id(int worker) { return spool(worker).stream_id(); }

std::filesystem::path Installation::segment(int worker) const {
  std::filesystem::path found;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "spool" / ("worker-" + std::to_string(worker)))) {
    found = entry.path().extension() == ".seg" ? entry.path() : found;
  }
  return found;
}

void Installation::record(int worker, int count, const std::string& host) {
  for (int number = 0; number < count; ++number) {
    record_event(worker, collector::testing::served_event(host));
  }
}

void Installation::record_event(int worker, const proto::TrafficEvent& event) {
  const std::size_t bytes = event.ByteSizeLong();
  std::byte* room = spool(worker).begin_append(bytes);
  ASSERT_NE(room, nullptr);
  event.SerializeToArray(room, static_cast<int>(bytes));
  spool(worker).finish_append(bytes);
}

void Installation::deliver(int worker) {
  deliver_without_acknowledgement(worker);
  spool(worker).acknowledge(spool(worker).taken());
}

void Installation::deliver_without_acknowledgement(int worker) {
  for (auto range = spool(worker).take(1u << 20); range.count > 0; range = spool(worker).take(1u << 20)) {
    const std::string header = collector::testing::header_frame(stream_id(worker), range.first_sequence,
                                                                static_cast<std::uint32_t>(range.count), spool(worker).oldest_sequence());
    const std::string_view events(reinterpret_cast<const char*>(range.bytes.data()), range.bytes.size());
    std::string error;
    const auto batch = collector::read_batch(header, events, error);
    ASSERT_TRUE(batch) << error;
    ASSERT_EQ(recorder_->take(*batch, "", kNowUs), collector::Verdict::Accepted) << recorder_->error();
  }
  ASSERT_TRUE(recorder_->commit()) << recorder_->error();
}

void Installation::stop() {
  recorder_.reset();
  spools_.clear();
}

void Installation::execute(const std::string& sql) {
  recorder_.reset();
  store::Error error;
  auto database = store::Database::open_writer(data_dir() / "Database" / "proxy_traffic.db", error);
  ASSERT_TRUE(database) << error.message;
  EXPECT_TRUE(database->execute("damage", sql, error)) << error.message;
}

std::int64_t Installation::integer(const std::string& sql) {
  store::Error error;
  auto database = store::Database::open_reader(data_dir() / "Database" / "proxy_traffic.db", error);
  EXPECT_TRUE(database) << error.message;
  return database->query_integer("look", sql, error).value_or(-1);
}

Verification Installation::verify(LedgerReader::Depth depth) {
  store::Error error;
  auto database = store::Database::open_reader(data_dir() / "Database" / "proxy_traffic.db", error);
  EXPECT_TRUE(database) << error.message;
  return verify::verify({data_dir(), *database}, depth, [](std::string_view, std::optional<double>) {});
}

const Check& check_of(const Verification& verification, const std::string& name) {
  for (const Check& check : verification.checks) {
    if (check.name() == name) {
      return check;
    }
  }
  throw std::runtime_error("there is no check " + name);
}

std::uint64_t number_of(const Verification& verification, const std::string& check, const std::string& name) {
  for (const auto& [key, value] : check_of(verification, check).numbers()) {
    if (key == name) {
      return value;
    }
  }
  throw std::runtime_error("there is no number " + name);
}

std::vector<std::string> failed(const Verification& verification) {
  std::vector<std::string> names;
  for (const Check& check : verification.checks) {
    if (check.verdict() == Verdict::Fail) {
      names.push_back(check.name());
    }
  }
  return names;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  EXPECT_TRUE(file.flush()) << path;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line + "\n");
  }
  return lines;
}

}  // namespace weir::verify::testing
