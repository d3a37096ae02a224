// What a record costs the worker: encoded into the spool, and taken from it for shipping.
#include <benchmark/benchmark.h>
#include <sys/eventfd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "bench/acknowledger.h"
#include "bench/logged_heads.h"
#include "common/base/unique_fd.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/traffic/in_flight_table.h"
#include "proxy_worker/traffic/shipper.h"
#include "proxy_worker/traffic/spool.h"
#include "proxy_worker/traffic/traffic_log.h"
#include "tests/support/temporary_folder.h"
#include "traffic_event.pb.h"

namespace weir::traffic {
namespace {

constexpr std::size_t kBatchBytes = 2 * 1024 * 1024;  // as the sender takes them

enum class Heads { Kept, Left };

// A served GET of a browser; with JSON logs on, it carries its heads.
proto::TrafficEvent get(Heads heads) {
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
    bench::log_request(
        "GET http://www.meadow.example/assets/images/map-4f2a91.png?v=17 HTTP/1.1\r\nHost: www.meadow.example\r\n"
        "Proxy-Connection: keep-alive\r\nUser-Agent: " + event.user_agent() + "\r\n"
        "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\nReferer: http://www.meadow.example/walks/\r\n"
        "Accept-Encoding: gzip, deflate\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\nIf-None-Match: \"5f3c-617a3e0b54c80\"\r\n"
        "Cookie: session=0123456789abcdef0123456789abcdef; consent=all; _ga=GA1.2.1234567890.1704103200\r\n"
        "Cache-Control: max-age=0\r\nDNT: 1\r\n\r\n",
        event);
    bench::log_response(
        "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 10:00:00 GMT\r\nServer: Apache/2.4.57 (Debian)\r\n"
        "Last-Modified: Sun, 24 Dec 2023 08:15:00 GMT\r\nETag: \"5f3c-617a3e0b54c80\"\r\nAccept-Ranges: bytes\r\n"
        "Content-Length: 24380\r\nCache-Control: public, max-age=86400\r\nKeep-Alive: timeout=5, max=100\r\n"
        "Connection: Keep-Alive\r\nContent-Type: image/png\r\n\r\n",
        event);
  }
  return event;
}

// A tunnel's record as most of a forward proxy's are: the CONNECT of a browser, and our answer.
proto::TrafficEvent tunnel() {
  proto::TrafficEvent event = get(Heads::Left);
  event.set_method("CONNECT");
  event.set_scheme("https");
  event.set_port(443);
  event.clear_path();
  event.clear_content_type();
  event.set_incoming_head("CONNECT www.meadow.example:443 HTTP/1.1\r\nHost: www.meadow.example:443\r\nProxy-Connection: keep-alive\r\nUser-Agent: " +
                          event.user_agent() + "\r\n\r\n");
  event.set_sent_head("HTTP/1.1 200 Connection Established\r\n\r\n");
  event.set_tls_server_name("www.meadow.example");
  event.set_tls_alpn("h2,http/1.1");
  event.set_tls_version(0x0304);
  return event;
}

enum class Kind { GetWithoutHeads, Get, Tunnel };

proto::TrafficEvent event_of(Kind kind) {
  return kind == Kind::Tunnel ? tunnel() : get(kind == Kind::Get ? Heads::Kept : Heads::Left);
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
  const proto::TrafficEvent event = event_of(static_cast<Kind>(state.range(0)));
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
BENCHMARK(AppendEvent)->ArgName("kind")->DenseRange(0, 2);

// Encoding alone, for comparison.
void EncodeEvent(benchmark::State& state) {
  const proto::TrafficEvent event = event_of(static_cast<Kind>(state.range(0)));
  std::string out(event.ByteSizeLong(), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(event.ByteSizeLong());
    event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.data()));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(EncodeEvent)->ArgName("kind")->DenseRange(0, 2);

// The CPU time that a clock has counted, in the steps that are of interest.
class CpuTime {
 public:
  explicit CpuTime(clockid_t clock) : clock_(clock) {}
  void start() { begin_ns_ = now_ns(); }
  void stop() { total_ns_ += now_ns() - begin_ns_; }
  double now_ns() const {
    timespec time{};
    ::clock_gettime(clock_, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }
  double total_ns() const { return total_ns_; }

 private:
  clockid_t clock_;
  double begin_ns_ = 0;
  double total_ns_ = 0;
};

// A worker that always has something to do: its turns never wait.
class AlwaysReady : public net::IoListener {
 public:
  explicit AlwaysReady(net::EventLoop& loop) : loop_(loop), event_(::eventfd(1, EFD_CLOEXEC)) {
    loop_.watch_level(event_.value(), *this, net::EventLoop::Interest::Read);
  }
  ~AlwaysReady() { loop_.forget(event_.value()); }
  void on_io(net::Readiness) override {}

 private:
  net::EventLoop& loop_;
  base::UniqueFd event_;
};

// What requests' records cost a worker, at 20,000 a second: the event, and the batches that go to a collector, which
// acknowledges them; with `in_flight` also the slot in the in-flight table and two signs of life in it. `loop_ns` is what it
// takes from the event loop, a turn of the loop for each 16 requests included; `shipping_ns` what it takes from libzmq's thread.
void RecordAndShip(benchmark::State& state) {
  constexpr int kPerTurn = 16;
  constexpr std::chrono::microseconds kTurn{800};
  tests::TemporaryFolder folder;
  auto spool = open(folder.path());
  if (!spool) {
    state.SkipWithError("the spool cannot be opened");
    return;
  }
  const std::string endpoint = "ipc://" + (folder.path() / "collector").string();
  bench::Acknowledger collector(endpoint);
  net::EventLoop loop;
  AlwaysReady busy(loop);
  InFlightTable in_flight(folder.path());
  Shipper shipper(loop, *spool, {.endpoint = endpoint});
  live::WorkerCounters counters{};
  TrafficLog log(counters, {.spool = &*spool, .shipper = &shipper, .in_flight = state.range(1) != 0 ? &in_flight : nullptr});
  proto::TrafficEvent event = get(Heads::Left);
  proto::TrafficEvent whole = event_of(static_cast<Kind>(state.range(0)));
  const auto record_one = [&] {
    InFlightSlot* slot = log.begin(event);
    if (slot != nullptr) {
      TrafficLog::note(*slot, 10, event, {.sent = 0, .received = 640});
      TrafficLog::note(*slot, 20, event, {.sent = 24'700, .received = 640});
    }
    log.record(whole, slot);
  };
  std::uint64_t count = 0;
  CpuTime of_loop(CLOCK_THREAD_CPUTIME_ID);
  CpuTime of_thread(CLOCK_THREAD_CPUTIME_ID);
  CpuTime of_process(CLOCK_PROCESS_CPUTIME_ID);
  of_process.start();
  of_thread.start();
  auto next_turn = std::chrono::steady_clock::now();
  for (auto _ : state) {
    of_loop.start();
    for (int i = 0; i < kPerTurn; ++i) {
      record_one();
    }
    loop.run_turn();
    of_loop.stop();
    count += kPerTurn;
    next_turn += kTurn;
    std::this_thread::sleep_until(next_turn);
  }
  of_thread.stop();
  of_process.stop();
  state.counters["loop_ns"] = of_loop.total_ns() / static_cast<double>(count);
  state.counters["shipping_ns"] = (of_process.total_ns() - of_thread.total_ns()) / static_cast<double>(count);
  state.counters["lost"] = static_cast<double>(spool->lost_events());
  state.counters["pending"] = static_cast<double>(spool->pending_events());
}
BENCHMARK(RecordAndShip)->ArgNames({"kind", "in_flight"})->ArgsProduct({{0, 1, 2}, {0, 1}})->Iterations(8'000);

// Batches of a long queue, as after an outage of the collector.
void TakeBatch(benchmark::State& state) {
  tests::TemporaryFolder folder;
  auto spool = open(folder.path());
  if (!spool) {
    state.SkipWithError("the spool cannot be opened");
    return;
  }
  const proto::TrafficEvent event = get(Heads::Left);
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
