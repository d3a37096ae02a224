// The simulation as continuous integration runs it. A seed that fails is seen again with `ledger_simulation --seed S --trace`.
#include <gtest/gtest.h>

#include <string>

#include "tests/simulation/faults.h"
#include "tests/simulation/planted_bugs.h"
#include "tests/simulation/runs.h"

namespace weir::simulation {
namespace {

constexpr std::uint64_t kSeeds = 2'000;
// Each planted bug is found much earlier.
constexpr std::uint64_t kSeedsToFindABug = 3'000;

std::string text_of(const Finding& finding) {
  return "seed " + std::to_string(finding.seed) + ", step " + std::to_string(finding.step) + ": " + finding.what;
}

TEST(LedgerSimulation, LosesAndRepeatsNothing) {
  Runs runs;
  const auto finding = runs.run(1, kSeeds);
  EXPECT_FALSE(finding) << text_of(*finding);
  EXPECT_GT(runs.requests(), 10 * kSeeds);
}

// Found in runs of 100,000, and too seldom to be met again above.
TEST(LedgerSimulation, FindsNothingInSeedsThatFoundSomething) {
  for (const std::uint64_t seed : {9'263u, 11'881u}) {
    const auto finding = Runs().run(seed, 1);
    EXPECT_FALSE(finding) << text_of(*finding);
  }
}

// What is not reached is not tested.
TEST(LedgerSimulation, KillsAtEveryCrashPoint) {
  faults().deaths.clear();
  Runs runs;
  ASSERT_FALSE(runs.run(1'000'000, kSeeds));
  for (const Role role : {Role::Worker, Role::Collector}) {
    for (const std::string_view point : crash_points(role)) {
      EXPECT_TRUE(faults().deaths.contains(point)) << point;
    }
  }
}

class PlantedBug : public testing::TestWithParam<std::string_view> {};

TEST_P(PlantedBug, IsFoundAndFoundAgainByItsSeedAlone) {
  const auto found = Runs().run(1, kSeedsToFindABug, GetParam());
  ASSERT_TRUE(found) << "nothing in " << kSeedsToFindABug << " seeds";
  const auto again = Runs().run(found->seed, 1, GetParam());
  ASSERT_TRUE(again);
  EXPECT_EQ(text_of(*again), text_of(*found));
}

std::string test_name(const testing::TestParamInfo<std::string_view>& info) {
  std::string name(info.param);
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(LedgerSimulation, PlantedBug, testing::ValuesIn(kPlantedBugs), test_name);

}  // namespace
}  // namespace weir::simulation
