// What a policy decision costs beside the rules (domain_bench.cpp): admitting a request, judging a destination.
#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/policy/client_use.h"
#include "common/policy/destination_guard.h"
#include "common/policy/host_name.h"
#include "common/policy/rate_windows.h"

namespace weir::policy {
namespace {

void normalize_host(benchmark::State& state, const char* host) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(normalized_host(host));
  }
}
BENCHMARK_CAPTURE(normalize_host, name, "www.Example.com");
BENCHMARK_CAPTURE(normalize_host, idn, "www.bücher.example");

class RateTableFile {
 public:
  RateTableFile(std::uint32_t requests, std::chrono::milliseconds window) {
    std::string error;
    windows_ = RateWindows::open(path_, requests, window, error);
    if (!windows_) {
      throw std::runtime_error(error);
    }
  }
  ~RateTableFile() {
    std::filesystem::remove(path_);
    std::filesystem::remove(path_.string() + ".lock");
  }
  RateWindows& windows() { return *windows_; }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("policy_bench." + std::to_string(::getpid()));
  std::optional<RateWindows> windows_;
};

base::IpAddress numbered_client(std::uint32_t number) {
  const std::array<std::uint8_t, 4> octets{10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                                           static_cast<std::uint8_t>(number)};
  return base::IpAddress::from_v4(octets);
}

// Requests of `clients` clients in turn, each far enough apart that all are admitted.
void admit(benchmark::State& state) {
  RateTableFile file(100, std::chrono::seconds(10));
  const auto clients = static_cast<std::uint32_t>(state.range(0));
  std::chrono::microseconds now = std::chrono::hours(1);
  for (std::uint32_t client = 0; client < clients * 50; ++client) {  // touches the pages of the file
    file.windows().admit(numbered_client(client % clients), now);
  }
  std::uint32_t next = 0;
  for (auto _ : state) {
    now += std::chrono::microseconds(100'000 / clients + 1);
    benchmark::DoNotOptimize(file.windows().admit(numbered_client(next++ % clients), now));
  }
}
BENCHMARK(admit)->Arg(1)->Arg(1000)->Arg(50'000);

void refuse(benchmark::State& state) {
  RateTableFile file(100, std::chrono::seconds(10));
  const std::chrono::microseconds now = std::chrono::hours(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(file.windows().admit(numbered_client(1), now));
  }
}
BENCHMARK(refuse);

// Each request from a client never seen before, in a full table.
void admit_new_client(benchmark::State& state) {
  RateTableFile file(100, std::chrono::seconds(10));
  std::chrono::microseconds now = std::chrono::hours(1);
  std::uint32_t next = 0;
  for (auto _ : state) {
    now += std::chrono::microseconds(200);
    benchmark::DoNotOptimize(file.windows().admit(numbered_client(next++), now));
  }
}
BENCHMARK(admit_new_client);

// One call after the other from a million clients, all new to a table with room for 65,536: how long a single one takes at
// most. Reading the clock is in it, 20 to 40 ns.
constexpr std::uint32_t kManyClients = 1'000'000;

template <class Call>
void time_each_of_a_million(benchmark::State& state, Call call) {
  std::vector<std::int64_t> times(kManyClients);
  for (auto _ : state) {
    for (std::uint32_t client = 0; client < kManyClients; ++client) {
      const base::IpAddress address = numbered_client(client);
      const auto begin = std::chrono::steady_clock::now();
      call(address, client);
      times[client] = (std::chrono::steady_clock::now() - begin).count();
    }
  }
  std::sort(times.begin(), times.end());
  for (const auto& [name, rank] : {std::pair("p50_ns", 0.5), std::pair("p99_ns", 0.99), std::pair("p99_9_ns", 0.999), std::pair("max_ns", 1.0)}) {
    state.counters[name] = static_cast<double>(times[static_cast<std::size_t>(rank * (kManyClients - 1))]);
  }
}

void million_clients_rate(benchmark::State& state) {
  RateTableFile file(100, std::chrono::seconds(10));
  time_each_of_a_million(state, [&](const base::IpAddress& client, std::uint32_t number) {
    benchmark::DoNotOptimize(file.windows().admit(client, std::chrono::hours(1) + std::chrono::microseconds(number)));
  });
  state.counters["live_evictions"] = static_cast<double>(file.windows().live_evictions());
}
BENCHMARK(million_clients_rate)->Iterations(1)->Unit(benchmark::kMillisecond);

void million_clients_use(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / ("policy_bench.use." + std::to_string(::getpid()));
  std::string error;
  auto use = ClientUse::open(path, 0, 0, error);
  if (!use) {
    throw std::runtime_error(error);
  }
  time_each_of_a_million(state, [&](const base::IpAddress& client, std::uint32_t number) {
    const auto now = std::chrono::hours(1) + std::chrono::microseconds(number);
    benchmark::DoNotOptimize(use->begin(client, ClientUse::Kind::Connection));
    benchmark::DoNotOptimize(use->add_bytes(client, 20'000, 1000, now));
    benchmark::DoNotOptimize(use->pace(client, 1000, 1'000'000, now));
    use->end(client, ClientUse::Kind::Connection);
  });
  state.counters["file_MiB"] = static_cast<double>(std::filesystem::file_size(path)) / (1 << 20);
  std::filesystem::remove(path);
  std::filesystem::remove(path.string() + ".lock");
}
BENCHMARK(million_clients_use)->Iterations(1)->Unit(benchmark::kMillisecond);

void judge_destination(benchmark::State& state, const char* address) {
  const DestinationGuard guard({}, {});
  const auto parsed = *base::IpAddress::parse(address);
  for (auto _ : state) {
    benchmark::DoNotOptimize(guard.permits(parsed));
  }
}
BENCHMARK_CAPTURE(judge_destination, v4, "93.184.216.34");
BENCHMARK_CAPTURE(judge_destination, v6, "2606:2800:220:1::1");
BENCHMARK_CAPTURE(judge_destination, nat64, "64:ff9b::5db8:d822");

}  // namespace
}  // namespace weir::policy
