// Runs the ledger's simulation from the command line: many seeds, or one again with a trace.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/simulation/faults.h"
#include "tests/simulation/planted_bugs.h"
#include "tests/simulation/runs.h"
#include "tests/simulation/trace.h"

namespace {

using namespace weir::simulation;

constexpr int kFound = 1;
constexpr int kBadUse = 2;

struct Wish {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::string_view bug;
  bool shows_deaths = false;
};

int explain() {
  std::printf(
      "ledger_simulation --seed S [--seeds N] [--plant BUG] [--trace] [--deaths]\n"
      "  Runs seeds S to S+N-1, until something does not add up (exit status 1).\n"
      "  --trace   says all that happens\n"
      "  --deaths  says at the end how often processes died at each crash point\n"
      "  --plant   with this bug in it:");
  for (const std::string_view bug : kPlantedBugs) {
    std::printf(" %.*s", static_cast<int>(bug.size()), bug.data());
  }
  std::printf("\n");
  return kBadUse;
}

bool read(int argc, char** argv, Wish& wish) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--trace") {
      trace().switch_on();
    } else if (word == "--deaths") {
      wish.shows_deaths = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (word == "--seed") {
      wish.seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--seeds") {
      wish.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--plant") {
      wish.bug = argv[++i];
    } else {
      return false;
    }
  }
  return wish.bug.empty() || std::find(kPlantedBugs.begin(), kPlantedBugs.end(), wish.bug) != kPlantedBugs.end();
}

void show_deaths() {
  for (const Role role : {Role::Worker, Role::Collector}) {
    for (const std::string_view point : crash_points(role)) {
      const auto found = faults().deaths.find(point);
      std::printf("%8" PRIu64 "  %.*s\n", found != faults().deaths.end() ? found->second : 0, static_cast<int>(point.size()), point.data());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Wish wish;
  if (!read(argc, argv, wish)) {
    return explain();
  }
  Runs runs;
  const auto begin = std::chrono::steady_clock::now();
  const auto finding = runs.run(wish.seed, wish.seeds, wish.bug);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (wish.shows_deaths) {
    show_deaths();
  }
  if (finding) {
    std::printf("seed %" PRIu64 ", step %zu: %s\nsee it again: ledger_simulation --seed %" PRIu64 "%s%.*s --trace\n", finding->seed,
                finding->step, finding->what.c_str(), finding->seed, wish.bug.empty() ? "" : " --plant ", static_cast<int>(wish.bug.size()),
                wish.bug.data());
    return kFound;
  }
  std::printf("seeds %" PRIu64 " to %" PRIu64 ": everything adds up; %" PRIu64 " requests, %.1f s\n", wish.seed, wish.seed + wish.seeds - 1,
              runs.requests(), time.count());
  return 0;
}
