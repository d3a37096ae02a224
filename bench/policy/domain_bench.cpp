// What the rules about hosts cost: compiling a list, its size, and finding a host among up to 2,140,000 names, as many as
// the largest public lists have.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/policy/large_list.h"
#include "common/policy/compiled_policy.h"

namespace weir::policy {
namespace {

constexpr std::size_t kHosts = 1 << 14;  // more than stay in the caches of a core with their rules

// Mapped from a file, as workers have it.
const CompiledPolicy& policy_of(int count) {
  static std::map<int, std::unique_ptr<CompiledFile>> policies;
  std::unique_ptr<CompiledFile>& compiled = policies[count];
  if (!compiled) {
    compiled = std::make_unique<CompiledFile>(list_text(count));
  }
  return compiled->policy();
}

void compile_list(benchmark::State& state) {
  const std::string text = list_text(static_cast<int>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = compile_lines(text).size();
  }
  state.counters["list_MiB"] = static_cast<double>(text.size()) / (1 << 20);
  state.counters["file_MiB"] = static_cast<double>(bytes) / (1 << 20);
}
BENCHMARK(compile_list)->Arg(100'000)->Arg(kLargestList)->Unit(benchmark::kMillisecond);

// Each lookup is measured by itself as well, for the median; that includes reading the clock, 20 to 40 ns. Of the policy
// hardly anything is in the core's caches; the host's name is, as it has just been parsed in a worker.
void find_hosts(benchmark::State& state, const CompiledPolicy& policy, const std::vector<std::string>& hosts) {
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy.find(hosts[next++ % hosts.size()]));
  }
  std::vector<std::int64_t> times;
  std::string parsed;
  for (const std::string& host : hosts) {
    parsed = host;
    benchmark::DoNotOptimize(parsed.data());
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(policy.find(parsed));
    times.push_back((std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  state.counters["p50_ns"] = static_cast<double>(times[times.size() / 2]);
  state.counters["p99_ns"] = static_cast<double>(times[times.size() * 99 / 100]);
}

void find_hit(benchmark::State& state, const char* prefix) {
  const auto count = static_cast<int>(state.range(0));
  const std::vector<std::string>& names = names_of_list(count);
  std::mt19937 random(2);
  std::vector<std::string> hosts;
  for (std::size_t host = 0; host < kHosts; ++host) {
    hosts.push_back(prefix + names[random() % names.size()]);
  }
  find_hosts(state, policy_of(count), hosts);
}
BENCHMARK_CAPTURE(find_hit, name, "")->Arg(1)->Arg(1000)->Arg(100'000)->Arg(kLargestList);
BENCHMARK_CAPTURE(find_hit, below, "a.b.")->Arg(1000)->Arg(kLargestList);

// What is said of a rule when it refuses a request: its text, its list, its line.
void describe_rule(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  const std::vector<std::string>& names = names_of_list(count);
  const CompiledPolicy& policy = policy_of(count);
  std::vector<CompiledPolicy::Found> found;
  std::mt19937 random(2);
  for (std::size_t host = 0; host < kHosts; ++host) {
    found.push_back(*policy.find(names[random() % names.size()]));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy.describe(found[next++ % found.size()]));
  }
}
BENCHMARK(describe_rule)->Arg(1000)->Arg(kLargestList);

void find_miss(benchmark::State& state, const char* prefix) {
  NameMaker maker(3);
  std::vector<std::string> hosts;
  for (std::size_t host = 0; host < kHosts; ++host) {
    hosts.push_back(prefix + maker.next());
  }
  find_hosts(state, policy_of(static_cast<int>(state.range(0))), hosts);
}
BENCHMARK_CAPTURE(find_miss, name, "")->Arg(kLargestList);
BENCHMARK_CAPTURE(find_miss, www, "www.")->Arg(1)->Arg(1000)->Arg(100'000)->Arg(kLargestList);
BENCHMARK_CAPTURE(find_miss, seven_labels, "a.b.cdn-7.e.")->Arg(kLargestList);

// Wildcards that no name leads to are tried one after the other, those with a name at their end are not.
void find_miss_wildcards(benchmark::State& state, const char* end) {
  std::string lines;
  for (int number = 0; number < state.range(0); ++number) {
    lines += "*tracker-" + std::to_string(number) + "*" + end + "\n";
  }
  const CompiledFile compiled(lines);
  NameMaker maker(3);
  std::vector<std::string> hosts;
  for (int host = 0; host < 1000; ++host) {
    hosts.push_back("www." + maker.next());
  }
  find_hosts(state, compiled.policy(), hosts);
}
BENCHMARK_CAPTURE(find_miss_wildcards, anywhere, "")->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(find_miss_wildcards, below_a_name, ".ads.example")->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace weir::policy
