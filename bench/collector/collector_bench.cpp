// What one event costs the collector: framing, decoding, row and JSON line, as a browser's traffic looks (heads of about
// 500 octets, 200 hosts, 50 clients). Only CPU time is meant; the writes go to a temporary folder.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/logged_heads.h"
#include "collector/json_line.h"
#include "collector/recorder.h"
#include "common/ledger/record_frame.h"
#include "ledger.pb.h"
#include "traffic_event.pb.h"

namespace weir::collector {
namespace {

constexpr std::size_t kEventsPerBatch = 1680;  // a worker sends up to 2 MiB at a time
constexpr std::size_t kBatchesPerCommit = 4;  // about 16 MiB of lines, with which a collector commits
constexpr std::uint64_t kStartUs = 1'760'799'018'000'000;
constexpr std::uint64_t kBetweenStartsUs = 1700;
constexpr std::uint64_t kFirstConnection = 1'000'000;
constexpr std::string_view kPathBeforeNumber = "/static/images/picture-";
constexpr std::size_t kPathDigits = 7;

std::string head(const std::string& first_line, std::size_t bytes) {
  std::string text = first_line + "\r\n";
  while (text.size() + 48 < bytes) {
    text += "X-Header-" + std::to_string(text.size() % 97) + ": a value with \"quotes\", q=0.8\r\n";
  }
  return text + "\r\n";
}

void write_digits(char* out, std::uint64_t number) {
  for (std::size_t digit = kPathDigits; digit-- > 0; number /= 10) {
    out[digit] = static_cast<char>('0' + number % 10);
  }
}

std::string path(std::uint64_t number) {
  std::string digits(kPathDigits, '0');
  write_digits(digits.data(), number);
  return std::string(kPathBeforeNumber) + digits + ".jpg?width=640&height=480";
}

proto::TrafficEvent event(std::uint64_t number) {
  proto::TrafficEvent event;
  const std::string host = "host" + std::to_string(number * 7919 % 200) + ".example.com";
  event.set_duration_us(45'000 + number % 1000);
  event.set_started_at_us(kStartUs + number * kBetweenStartsUs);
  event.set_ttfb_us(21'000);
  event.set_client_address(std::string("\xC0\x00\x02", 3) + static_cast<char>(number % 50));
  event.set_client_port(50'000);
  event.set_origin_address(std::string("\xCB\x00\x71\x07", 4));
  event.set_method("GET");
  event.set_scheme("http");
  event.set_host(host);
  event.set_port(80);
  event.set_path(path(number));
  event.set_status(200);
  event.set_outcome(proto::SERVED);
  event.set_bytes_sent(15'000);
  event.set_bytes_received(500);
  event.set_response_body_bytes(14'500);
  bench::log_request(head("GET http://" + host + "/static/ HTTP/1.1\r\nProxy-Connection: keep-alive", 500), event);
  bench::log_response(head("HTTP/1.1 200 OK\r\nContent-Length: 14500\r\nConnection: keep-alive", 400), event);
  event.set_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:" + std::to_string(100 + number % 20) + ".0) Gecko/20100101 Firefox/128.0");
  event.set_content_type("image/jpeg");
  event.set_worker_id(1);
  event.set_connection_id(kFirstConnection + number / 5);
  event.set_request_number(static_cast<std::uint32_t>(number % 5));
  return event;
}

// A batch as it arrives. Made once, as heads are slow to make; renew() turns its events into later ones in place, so that
// what is measured is hardly disturbed by what is not.
class RenewableBatch {
 public:
  explicit RenewableBatch(std::uint64_t first_sequence) : header_(header(first_sequence)) {
    for (std::uint64_t number = first_sequence; number < first_sequence + kEventsPerBatch; ++number) {
      append(number, event(number).SerializeAsString());
    }
  }

  // Events with other times and paths, the rest as it was.
  void renew(std::uint64_t first_sequence) {
    header_ = header(first_sequence);
    for (std::size_t index = 0; index < frames_.size(); ++index) {
      const Frame& frame = frames_[index];
      write_start(events_.data() + frame.begin + ledger::kRecordHeaderBytes, first_sequence + index);
      write_digits(events_.data() + frame.path_digits, first_sequence + index);
      seal(frame, first_sequence + index);
    }
  }

  const std::string& header() const { return header_; }
  const std::string& events() const { return events_; }

 private:
  struct Frame {
    std::size_t begin = 0;
    std::size_t payload_bytes = 0;
    std::size_t path_digits = 0;
  };

  static std::string header(std::uint64_t first_sequence) {
    proto::Batch batch;
    batch.set_stream_id("worker-1-5f2c9d1e0b7a4433");
    batch.set_first_sequence(first_sequence);
    batch.set_event_count(kEventsPerBatch);
    return batch.SerializeAsString();
  }

  // started_at_us is field 1, the first of the payload: its tag, then a varint of eight octets until the year 2254.
  static void write_start(char* payload, std::uint64_t number) {
    std::uint64_t rest = kStartUs + number * kBetweenStartsUs;
    for (std::size_t octet = 1; octet <= 8; ++octet, rest >>= 7) {
      payload[octet] = static_cast<char>((rest & 0x7F) | (octet < 8 ? 0x80 : 0));
    }
  }

  void append(std::uint64_t number, const std::string& payload) {
    const std::size_t begin = events_.size();
    events_.resize(begin + ledger::framed_bytes(payload.size()));
    std::memcpy(events_.data() + begin + ledger::kRecordHeaderBytes, payload.data(), payload.size());
    const std::size_t path_digits = events_.find(kPathBeforeNumber, begin) + kPathBeforeNumber.size();
    frames_.push_back({begin, payload.size(), path_digits});
    seal(frames_.back(), number);
  }

  void seal(const Frame& frame, std::uint64_t sequence) {
    ledger::seal_record(reinterpret_cast<std::byte*>(events_.data() + frame.begin), sequence, frame.payload_bytes);
  }

  std::string header_;
  std::string events_;
  std::vector<Frame> frames_;
};

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

// A collector's data directory, and the traffic of one worker for it.
class Recording {
 public:
  explicit Recording(JsonLogs json_logs) {
    store::Error error;
    recorder_ = Recorder::open(folder_.path(), {.json_logs = json_logs}, error);
    for (std::size_t index = 0; index < kBatchesPerCommit; ++index) {
      batches_.emplace_back(1 + index * kEventsPerBatch);
    }
  }

  // One transaction, checkpoint included when one is due. A batch is taken right after it was renewed, as it is right
  // after it was received. False when something failed.
  template <class BeforeRenewal, class AfterRenewal>
  bool run_transaction(BeforeRenewal before_renewal, AfterRenewal after_renewal) {
    for (RenewableBatch& arrived : batches_) {
      before_renewal();
      arrived.renew(sequence_);
      sequence_ += kEventsPerBatch;
      after_renewal();
      std::string why;
      const auto batch = read_batch(arrived.header(), arrived.events(), why);
      if (!batch || recorder_->take(*batch, "route", 1) != Verdict::Accepted) {
        return false;
      }
    }
    const bool is_committed = recorder_->commit();
    benchmark::DoNotOptimize(recorder_->take_replies());
    return is_committed;
  }

 private:
  Folder folder_;
  std::unique_ptr<Recorder> recorder_;
  std::vector<RenewableBatch> batches_;
  std::uint64_t sequence_ = 1;
};

// One iteration is one transaction of 6720 events. The first, which makes the log files of 200 hosts, is not counted:
// each is made once, however long the collector runs.
void record(benchmark::State& state, JsonLogs json_logs) {
  Recording recording(json_logs);
  bool is_good = recording.run_transaction([] {}, [] {});
  for (auto _ : state) {
    is_good = is_good && recording.run_transaction([&] { state.PauseTiming(); }, [&] { state.ResumeTiming(); });
  }
  if (!is_good) {
    state.SkipWithError("a transaction failed");
  }
  state.counters["per_event"] = benchmark::Counter(static_cast<double>(state.iterations()) * kEventsPerBatch * kBatchesPerCommit,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void record_database_and_json(benchmark::State& state) { record(state, JsonLogs::On); }
void record_database_only(benchmark::State& state) { record(state, JsonLogs::Off); }
BENCHMARK(record_database_and_json)->Iterations(50);
BENCHMARK(record_database_only)->Iterations(50);

void check_and_decode(benchmark::State& state) {
  const RenewableBatch made(1);
  RecordDecoder decoder;
  for (auto _ : state) {
    std::string why;
    const auto batch = read_batch(made.header(), made.events(), why);
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
    out.clear();
    append_json_line(out, record, static_cast<std::int64_t>(kStartUs), time_text);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(write_json_line);

}  // namespace
}  // namespace weir::collector
