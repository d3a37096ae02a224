// What a reload costs the worker itself: the moment in which it maps the new policy and lets go of the old one, and its
// first lookups, which find nothing of the new one in the page table.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/policy/large_list.h"

namespace weir::policy {
namespace {

constexpr std::size_t kFirstLookups = 10'000;

std::int64_t ns_since(std::chrono::steady_clock::time_point begin) { return (std::chrono::steady_clock::now() - begin).count(); }

// The old policy is mapped with all its pages, as after many lookups.
void swap_policy(benchmark::State& state) {
  const CompiledFile file(list_text(static_cast<int>(state.range(0))));
  const std::vector<std::string>& names = names_of_list(static_cast<int>(state.range(0)));
  std::optional<MappedPolicy> policy = file.open();
  std::vector<std::int64_t> first_lookups;
  std::int64_t longest_swap = 0;
  for (auto _ : state) {
    state.PauseTiming();
    if (!policy->policy().is_intact()) {
      throw std::runtime_error("the compiled policy is damaged");
    }
    state.ResumeTiming();
    const auto begin = std::chrono::steady_clock::now();
    policy = file.open();
    longest_swap = std::max(longest_swap, ns_since(begin));
    state.PauseTiming();
    for (std::size_t lookup = 0; lookup < kFirstLookups; ++lookup) {
      const auto asked = std::chrono::steady_clock::now();
      benchmark::DoNotOptimize(policy->policy().find(names[lookup * 7919 % names.size()]));
      first_lookups.push_back(ns_since(asked));
    }
    state.ResumeTiming();
  }
  std::sort(first_lookups.begin(), first_lookups.end());
  state.counters["longest_us"] = static_cast<double>(longest_swap) / 1000;
  state.counters["first_lookups_p50_ns"] = static_cast<double>(first_lookups[first_lookups.size() / 2]);
  state.counters["p99_9_ns"] = static_cast<double>(first_lookups[first_lookups.size() * 999 / 1000]);
  state.counters["sum_ms"] = std::accumulate(first_lookups.begin(), first_lookups.end(), 0.0) / 1e6 / static_cast<double>(state.iterations());
}
BENCHMARK(swap_policy)->Arg(kLargestList)->Iterations(30)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace weir::policy
