// What a policy decision costs beside the rules (domain_bench.cpp): admitting a request, judging a destination.
#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

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
