// What a record costs the worker: encoded into the spool, and taken from it for shipping.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <ctime>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "bench/acknowledger.h"
#include "proxy_worker/traffic/in_flight_table.h"
#include "proxy_worker/traffic/shipper.h"
#include "proxy_worker/traffic/spool.h"
#include "proxy_worker/traffic/traffic_log.h"
#include "tests/support/temporary_folder.h"
#include "traffic_event.pb.h"

namespace weir::traffic {
namespace {

constexpr std::size_t kBatchBytes = 256 * 1024;  // as the shipper takes them

enum class Heads { Kept, Left };

// A served GET; with JSON logs on it carries four heads.
proto::TrafficEvent event_with(Heads heads) {
  proto::TrafficEvent event;
  event.set_started_at_us(1'704'103'200'000'000);
  event.set_duration_us(12'345);
  event.set_ttfb_us(6'789);
  event.set_client_address("\x7f\0\0\1", 4);
  event.set_client_port(54'321);
  event.set_origin_address("\xc0\0\2\7", 4);
  event.set_method("GET");
  event.set_scheme("http");
  event.set_host("www.meadow.example");
  event.set_port(80);
  event.set_path("/assets/images/map-4f2a91.png?v=17");
  event.set_status(200);
  event.set_outcome(proto::SERVED);
  event.set_bytes_sent(24'700);
  event.set_bytes_received(640);
  event.set_response_body_bytes(24'380);
  event.set_user_agent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36");
  event.set_content_type("image/png");
  event.set_connection_id(1'234);
  event.set_request_number(5);
  if (heads == Heads::Kept) {
    event.set_incoming_head(std::string(640, 'i'));
    event.set_modified_head(std::string(600, 'm'));
    event.set_origin_head(std::string(320, 'o'));
    event.set_sent_head(std::string(340, 's'));
  }
  return event;
}

std::optional<Spool> open(const std::filesystem::path& folder) {
  std::string error;
  return Spool::open(folder / "worker-0", "worker-0", {}, error);
}

void append(Spool& spool, const proto::TrafficEvent& event) {
  const std::size_t bytes = event.ByteSizeLong();
  if (std::byte* room = spool.begin_append(bytes)) {
    event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(room));
    spool.finish_append(bytes);
  }
}

// The collector keeps up: segments come and go, as in steady traffic.
void AppendEvent(benchmark::State& state) {
  tests::TemporaryFolder folder;
  auto spool = open(folder.path());
  if (!spool) {
    state.SkipWithError("the spool cannot be opened");
    return;
  }
  const proto::TrafficEvent event = event_with(state.range(0) != 0 ? Heads::Kept : Heads::Left);
  for (auto _ : state) {
    append(*spool, event);
    if (spool->untaken_bytes() >= kBatchBytes) {
      const Spool::Range range = spool->take(kBatchBytes);
      spool->acknowledge(range.first_sequence + range.count - 1);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
  state.counters["event_bytes"] = static_cast<double>(event.ByteSizeLong());
}
BENCHMARK(AppendEvent)->ArgName("heads")->Arg(0)->Arg(1);

// Encoding alone, for comparison.
void EncodeEvent(benchmark::State& state) {
  const proto::TrafficEvent event = event_with(state.range(0) != 0 ? Heads::Kept : Heads::Left);
  std::string out(event.ByteSizeLong(), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(event.ByteSizeLong());
    event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.data()));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(EncodeEvent)->ArgName("heads")->Arg(0)->Arg(1);

// All that a request's record costs the worker: its slot in the in-flight table, two signs of life, the record, and the
// batches that go to a collector on another thread, which acknowledges them.
void RecordAndShip(benchmark::State& state) {
  tests::TemporaryFolder folder;
  auto spool = open(folder.path());
  if (!spool) {
    state.SkipWithError("the spool cannot be opened");
    return;
  }
  const std::string endpoint = "ipc://" + (folder.path() / "collector").string();
  bench::Acknowledger collector(endpoint);
  net::EventLoop loop;
  InFlightTable in_flight(folder.path());
  Shipper shipper(loop, *spool, {.endpoint = endpoint});
  live::WorkerCounters counters{};
  TrafficLog log(counters, {.spool = &*spool, .shipper = &shipper, .in_flight = &in_flight});
  proto::TrafficEvent event = event_with(Heads::Left);
  proto::TrafficEvent whole = event_with(state.range(0) != 0 ? Heads::Kept : Heads::Left);
  std::uint64_t count = 0;
  timespec begin{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
  for (auto _ : state) {
    InFlightSlot* slot = log.begin(event);
    TrafficLog::note(*slot, 10, event, {.sent = 0, .received = 640});
    TrafficLog::note(*slot, 20, event, {.sent = 24'700, .received = 640});
    log.record(whole, slot);
    if (++count % 64 == 0) {
      loop.run_turn();  // As a worker's turns between requests.
    }
  }
  timespec end{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  const double cpu_ns = static_cast<double>(end.tv_sec - begin.tv_sec) * 1e9 + static_cast<double>(end.tv_nsec - begin.tv_nsec);
  state.counters["thread_cpu_ns"] = cpu_ns / static_cast<double>(count);
  state.counters["lost"] = static_cast<double>(spool->lost_events());
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
}
BENCHMARK(RecordAndShip)->ArgName("heads")->Arg(0)->Arg(1);

// Batches of a long queue, as after an outage of the collector.
void TakeBatch(benchmark::State& state) {
  tests::TemporaryFolder folder;
  auto spool = open(folder.path());
  if (!spool) {
    state.SkipWithError("the spool cannot be opened");
    return;
  }
  const proto::TrafficEvent event = event_with(Heads::Left);
  for (int i = 0; i < 100'000; ++i) {
    append(*spool, event);
  }
  std::int64_t events = 0;
  for (auto _ : state) {
    const Spool::Range range = spool->take(kBatchBytes);
    benchmark::DoNotOptimize(range.bytes.data());
    events += static_cast<std::int64_t>(range.count);
    if (range.count == 0) {
      spool->rewind();
    }
  }
  state.SetItemsProcessed(events);
}
BENCHMARK(TakeBatch);

}  // namespace
}  // namespace weir::traffic
