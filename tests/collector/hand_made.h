// Events, batches and folders for the collector's tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "collector/batch.h"
#include "common/ledger/record_frame.h"
#include "common/store/database.h"
#include "ledger.pb.h"
#include "traffic_event.pb.h"

namespace weir::collector::testing {

// 2025-10-18T14:50:18.608277Z
inline constexpr std::uint64_t kCompletedAtUs = 1'760'799'018'608'277;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir collector.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    for (const char* name : {"run", "Database", "Website Traffic", "Blocked Logs"}) {
      std::filesystem::create_directory(path_ / name);
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database() const { return path_ / "Database" / "proxy_traffic.db"; }
  std::filesystem::path traffic(const std::string& name) const { return path_ / "Website Traffic" / name; }

 private:
  std::filesystem::path path_;
};

inline std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> lines(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) {
    all.push_back(line);
  }
  return all;
}

inline proto::HeadChanges changes(const std::vector<std::uint32_t>& steps, const std::string& text) {
  proto::HeadChanges made;
  made.mutable_steps()->Assign(steps.begin(), steps.end());
  made.set_text(text);
  return made;
}

// That put in all of `head`, whatever it is made of.
inline proto::HeadChanges all_new(const std::string& head) { return changes({static_cast<std::uint32_t>(head.size()), 0, 0}, head); }

inline proto::TrafficEvent served_event(const std::string& host = "www.example.com") {
  proto::TrafficEvent event;
  event.set_duration_us(2'618'475);
  event.set_started_at_us(kCompletedAtUs - event.duration_us());
  event.set_ttfb_us(34'102);
  event.set_client_address(std::string("\x7F\x00\x00\x01", 4));
  event.set_client_port(50123);
  event.set_origin_address(std::string("\xC0\x00\x02\x07", 4));
  event.set_method("GET");
  event.set_scheme("http");
  event.set_host(host);
  event.set_port(80);
  event.set_path("/index.html?a=b");
  event.set_status(200);
  event.set_outcome(proto::SERVED);
  event.set_bytes_sent(10659);
  event.set_bytes_received(5807);
  event.set_response_body_bytes(10000);
  event.set_incoming_head("GET http://" + host + "/index.html?a=b HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  *event.mutable_modified_head() = all_new("GET /index.html?a=b HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  event.set_origin_head("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
  *event.mutable_relayed_head() = all_new("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
  event.set_user_agent("curl/7.88.1");
  event.set_content_type("text/html");
  event.set_worker_id(3);
  event.set_connection_id(17);
  event.set_request_number(2);
  return event;
}

inline proto::TrafficEvent blocked_event(const std::string& host = "www.youtube.com") {
  proto::TrafficEvent event = served_event(host);
  event.clear_origin_address();
  event.set_status(403);
  event.set_outcome(proto::REFUSED);
  event.set_fault(proto::POLICY);
  event.set_reason("blocked_domain");
  event.set_rule("*.youtube.com");
  event.set_rule_list("lists/video.txt");
  event.set_rule_line(7);
  return event;
}

inline proto::TrafficEvent rate_limited_event() {
  proto::TrafficEvent event = served_event();
  event.clear_origin_address();
  event.set_status(429);
  event.set_outcome(proto::RATE_LIMITED);
  event.set_fault(proto::POLICY);
  event.set_reason("rate_limit");
  event.set_requests_in_window(101);
  return event;
}

// One framed event, from its number and its serialized form.
inline std::string framed(std::uint64_t sequence, const std::string& payload) {
  std::string frame(ledger::framed_bytes(payload.size()), '\0');
  std::memcpy(frame.data() + ledger::kRecordHeaderBytes, payload.data(), payload.size());
  ledger::seal_record(reinterpret_cast<std::byte*>(frame.data()), sequence, payload.size());
  return frame;
}

inline std::string header_frame(const std::string& stream, std::uint64_t first, std::uint32_t count, std::uint64_t oldest = 0) {
  proto::Batch batch;
  batch.set_stream_id(stream);
  batch.set_first_sequence(first);
  batch.set_event_count(count);
  batch.set_oldest_sequence(oldest);
  return batch.SerializeAsString();
}

// A batch together with the memory that its events lie in.
struct OwnedBatch {
  std::string header;
  std::string events;
  Batch batch;
};

inline OwnedBatch make_batch(const std::string& stream, std::uint64_t first, const std::vector<proto::TrafficEvent>& events,
                             std::uint64_t oldest = 0) {
  OwnedBatch owned{header_frame(stream, first, static_cast<std::uint32_t>(events.size()), oldest), {}, {}};
  for (const auto& event : events) {
    owned.events += framed(first++, event.SerializeAsString());
  }
  std::string error;
  owned.batch = read_batch(owned.header, owned.events, error).value();
  return owned;
}

// The first column of every row, as text.
inline std::vector<std::string> query(const std::filesystem::path& database, const std::string& sql) {
  store::Error error;
  auto reader = store::Database::open_reader(database, error);
  if (!reader) {
    return {"cannot open: " + error.message};
  }
  auto statement = reader->prepare("test", sql, error);
  if (!statement) {
    return {"cannot prepare: " + error.message};
  }
  std::vector<std::string> rows;
  while (statement->step() == store::Step::Row) {
    rows.emplace_back(statement->text(0));
  }
  return rows;
}

}  // namespace weir::collector::testing
