// What the rules about hosts cost: compiling a list, its size, and finding a host among up to 2,140,000 names, as many as
// the largest public lists have.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/policy/compiled_policy.h"
#include "common/policy/policy_writer.h"
#include "common/policy/rule_collection.h"

namespace weir::policy {
namespace {

constexpr std::size_t kHosts = 1 << 14;  // more than stay in the caches of a core with their rules
constexpr int kLargestList = 2'140'000;

// Names as lists have them: 21 octets on average, half of them with a further label, under a few dozen endings.
class NameMaker {
 public:
  explicit NameMaker(unsigned seed) : random_(seed) {}

  std::string next() {
    static const char* const kEndings[] = {"com", "com", "com", "com",  "com",  "net", "net",   "org",   "info",  "ru",
                                           "de",  "xyz", "top", "club", "site", "io",  "co.uk", "com.br", "online", "ir"};
    std::string name = random_() % 2 == 0 ? word(2, 9) + "." : "";
    return name + word(5, 16) + "." + kEndings[random_() % std::size(kEndings)];
  }

 private:
  std::string word(std::size_t shortest, std::size_t longest) {
    std::string word;
    for (auto length = shortest + random_() % (longest - shortest + 1); length > 0; --length) {
      word += "abcdefghijklmnopqrstuvwxyz0123456789-"[random_() % (word.empty() || length == 1 ? 36 : 37)];
    }
    return word;
  }

  std::mt19937 random_;
};

// A list of that many distinct names, once each.
const std::vector<std::string>& names_of_list(int count) {
  static std::map<int, std::vector<std::string>> lists;
  std::vector<std::string>& names = lists[count];
  if (names.empty()) {
    NameMaker maker(1);
    std::unordered_set<std::string> seen;
    while (names.size() < static_cast<std::size_t>(count)) {
      if (std::string name = maker.next(); seen.insert(name).second) {
        names.push_back(std::move(name));
      }
    }
  }
  return names;
}

std::string list_text(int count) {
  std::string text;
  for (const std::string& name : names_of_list(count)) {
    text += name + "\n";
  }
  return text;
}

std::string compile(std::string_view lines) {
  RuleCollection rules;
  std::string error;
  rules.begin_list("bench", Action::Block, true);
  if (!rules.add_lines(lines, error)) {
    throw std::runtime_error(error);
  }
  return write_policy(rules, {});
}

struct Compiled {
  std::string image;
  std::optional<CompiledPolicy> policy;

  explicit Compiled(std::string_view lines) : image(compile(lines)) {
    std::string error;
    policy = CompiledPolicy::view(std::as_bytes(std::span(image)), error);
    if (!policy) {
      throw std::runtime_error(error);
    }
  }
};

const CompiledPolicy& policy_of(int count) {
  static std::map<int, std::unique_ptr<Compiled>> policies;
  std::unique_ptr<Compiled>& compiled = policies[count];
  if (!compiled) {
    compiled = std::make_unique<Compiled>(list_text(count));
  }
  return *compiled->policy;
}

void compile_list(benchmark::State& state) {
  const std::string text = list_text(static_cast<int>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = compile(text).size();
  }
  state.counters["list_MiB"] = static_cast<double>(text.size()) / (1 << 20);
  state.counters["file_MiB"] = static_cast<double>(bytes) / (1 << 20);
}
BENCHMARK(compile_list)->Arg(100'000)->Arg(kLargestList)->Unit(benchmark::kMillisecond);

// Each lookup is measured by itself as well, for the median; that includes reading the clock, 20 to 40 ns.
void find_hosts(benchmark::State& state, const CompiledPolicy& policy, const std::vector<std::string>& hosts) {
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy.find(hosts[next++ % hosts.size()]));
  }
  std::vector<std::int64_t> times;
  for (const std::string& host : hosts) {
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(policy.find(host));
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

void find_miss(benchmark::State& state) {
  NameMaker maker(3);
  std::vector<std::string> hosts;
  for (std::size_t host = 0; host < kHosts; ++host) {
    hosts.push_back("www." + maker.next());
  }
  find_hosts(state, policy_of(static_cast<int>(state.range(0))), hosts);
}
BENCHMARK(find_miss)->Arg(1)->Arg(1000)->Arg(100'000)->Arg(kLargestList);

// Wildcards that no name leads to are tried one after the other, those with a name at their end are not.
void find_miss_wildcards(benchmark::State& state, const char* end) {
  std::string lines;
  for (int number = 0; number < state.range(0); ++number) {
    lines += "*tracker-" + std::to_string(number) + "*" + end + "\n";
  }
  const Compiled compiled(lines);
  NameMaker maker(3);
  std::vector<std::string> hosts;
  for (int host = 0; host < 1000; ++host) {
    hosts.push_back("www." + maker.next());
  }
  find_hosts(state, *compiled.policy, hosts);
}
BENCHMARK_CAPTURE(find_miss_wildcards, anywhere, "")->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(find_miss_wildcards, below_a_name, ".ads.example")->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace weir::policy
