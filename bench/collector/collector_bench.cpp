// What one event costs the collector: framing, decoding, row and JSON line, as a browser's traffic looks (heads of about
// 500 octets, 200 hosts, 50 clients). Only CPU time is meant; the writes go to a temporary folder.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "collector/json_line.h"
#include "collector/recorder.h"
#include "common/ledger/record_frame.h"
#include "ledger.pb.h"
#include "traffic_event.pb.h"

namespace weir::collector {
namespace {

constexpr std::size_t kEventsPerBatch = 200;
constexpr std::size_t kBatchesPerCommit = 15;
constexpr std::uint64_t kStartUs = 1'760'799'018'000'000;

std::string head(const std::string& first_line, std::size_t bytes) {
  std::string text = first_line + "\r\n";
  while (text.size() + 48 < bytes) {
    text += "X-Header-" + std::to_string(text.size() % 97) + ": a value with \"quotes\", q=0.8\r\n";
  }
  return text + "\r\n";
}

proto::TrafficEvent event(std::uint64_t number) {
  proto::TrafficEvent event;
  const std::string host = "host" + std::to_string(number * 7919 % 200) + ".example.com";
  event.set_duration_us(45'000 + number % 1000);
  event.set_started_at_us(kStartUs + number * 1700);
  event.set_ttfb_us(21'000);
  event.set_client_address(std::string("\xC0\x00\x02", 3) + static_cast<char>(number % 50));
  event.set_client_port(50'000);
  event.set_origin_address(std::string("\xCB\x00\x71\x07", 4));
  event.set_method("GET");
  event.set_scheme("http");
  event.set_host(host);
  event.set_port(80);
  event.set_path("/static/images/picture-" + std::to_string(number) + ".jpg?width=640&height=480");
  event.set_status(200);
  event.set_outcome(proto::SERVED);
  event.set_bytes_sent(15'000);
  event.set_bytes_received(500);
  event.set_response_body_bytes(14'500);
  event.set_incoming_head(head("GET http://" + host + "/static/ HTTP/1.1", 500));
  event.set_modified_head(head("GET /static/ HTTP/1.1", 480));
  event.set_origin_head(head("HTTP/1.1 200 OK", 400));
  event.set_sent_head(head("HTTP/1.1 200 OK", 400));
  event.set_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:" + std::to_string(100 + number % 20) + ".0) Gecko/20100101 Firefox/128.0");
  event.set_content_type("image/jpeg");
  event.set_worker_id(1);
  event.set_connection_id(number / 5);
  event.set_request_number(static_cast<std::uint32_t>(number % 5));
  return event;
}

void append_framed(std::string& events, std::uint64_t sequence, const std::string& payload) {
  const std::size_t begin = events.size();
  events.resize(begin + ledger::framed_bytes(payload.size()));
  std::memcpy(events.data() + begin + ledger::kRecordHeaderBytes, payload.data(), payload.size());
  ledger::seal_record(reinterpret_cast<std::byte*>(events.data() + begin), sequence, payload.size());
}

struct Frames {
  std::string header;
  std::string events;
};

Frames frames(std::uint64_t first_sequence) {
  Frames made;
  for (std::uint64_t number = 0; number < kEventsPerBatch; ++number) {
    append_framed(made.events, first_sequence + number, event(first_sequence + number).SerializeAsString());
  }
  proto::Batch batch;
  batch.set_stream_id("worker-1-5f2c9d1e0b7a4433");
  batch.set_first_sequence(first_sequence);
  batch.set_event_count(kEventsPerBatch);
  made.header = batch.SerializeAsString();
  return made;
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir.bench.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    for (const char* name : {"run", "Database", "Website Traffic", "Blocked Logs"}) {
      std::filesystem::create_directory(path_ / name);
    }
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// One iteration is one transaction of 3000 events, checkpoints included.
void record(benchmark::State& state, JsonLogs json_logs) {
  Folder folder;
  store::Error error;
  const auto recorder = Recorder::open(folder.path(), {.json_logs = json_logs}, error);
  std::uint64_t sequence = 1;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Frames> batches;
    for (std::size_t batch = 0; batch < kBatchesPerCommit; ++batch, sequence += kEventsPerBatch) {
      batches.push_back(frames(sequence));
    }
    state.ResumeTiming();
    for (const Frames& made : batches) {
      std::string why;
      const auto batch = read_batch(made.header, made.events, why);
      if (recorder->take(*batch, "route", 1) != Verdict::Accepted) {
        state.SkipWithError(recorder->error().c_str());
      }
    }
    if (!recorder->commit()) {
      state.SkipWithError(recorder->error().c_str());
    }
    benchmark::DoNotOptimize(recorder->take_replies());
  }
  state.counters["per_event"] = benchmark::Counter(static_cast<double>(state.iterations()) * kEventsPerBatch * kBatchesPerCommit,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void record_database_and_json(benchmark::State& state) { record(state, JsonLogs::On); }
void record_database_only(benchmark::State& state) { record(state, JsonLogs::Off); }
BENCHMARK(record_database_and_json)->Iterations(60);
BENCHMARK(record_database_only)->Iterations(60);

void check_and_decode(benchmark::State& state) {
  const Frames made = frames(1);
  RecordDecoder decoder;
  for (auto _ : state) {
    std::string why;
    const auto batch = read_batch(made.header, made.events, why);
    for (const auto& payload : batch->events) {
      benchmark::DoNotOptimize(&decoder.decode(payload, 1));
    }
  }
  state.counters["per_event"] = benchmark::Counter(static_cast<double>(state.iterations()) * kEventsPerBatch,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(check_and_decode);

void write_json_line(benchmark::State& state) {
  const std::string payload = event(1).SerializeAsString();
  RecordDecoder decoder;
  const TrafficRecord& record = decoder.decode(std::as_bytes(std::span(payload)), 1);
  TimeText time_text;
  LineBuffer out;
  for (auto _ : state) {
    out.clear(1 << 20);
    append_json_line(out, record, static_cast<std::int64_t>(kStartUs), time_text);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(write_json_line);

}  // namespace
}  // namespace weir::collector
