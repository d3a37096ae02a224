#include "reporter/verify/number_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace weir::verify {

void PrintTo(const Range& range, std::ostream* out) { *out << range.first << ".." << range.last; }

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

NumberSet set_of(std::initializer_list<std::uint64_t> numbers) {
  NumberSet set;
  for (const std::uint64_t number : numbers) {
    set.insert(number);
  }
  return set;
}

TEST(NumberSet, TellsWhatIsThereAlready) {
  NumberSet set;
  EXPECT_TRUE(set.insert(5));
  EXPECT_FALSE(set.insert(5));
  EXPECT_TRUE(set.insert(70'000));
  EXPECT_FALSE(set.insert(5));
  EXPECT_TRUE(set.contains(5));
  EXPECT_FALSE(set.contains(6));
  EXPECT_FALSE(set.contains(4'000'000'000));
  EXPECT_EQ(set.size(), 2u);
}

TEST(NumberSet, JoinsNeighboursOverPages) {
  const NumberSet set = set_of({4096, 4094, 4095, 4097, 9000, 63, 64});
  EXPECT_THAT(set.present({1, 10'000}), ElementsAre(Range{63, 64}, Range{4094, 4097}, Range{9000, 9000}));
  EXPECT_THAT(set.present({4095, 4096}), ElementsAre(Range{4095, 4096}));
  EXPECT_THAT(set.absent({60, 4099}), ElementsAre(Range{60, 62}, Range{65, 4093}, Range{4098, 4099}));
  EXPECT_THAT(set.absent({63, 64}), IsEmpty());
  EXPECT_THAT(set.absent({1, 0}), IsEmpty());
}

TEST(NumberSet, KnowsRangesThatNobodyCouldCount) {
  constexpr std::uint64_t kHuge = 1'000'000'000'000'000'000;
  const NumberSet set = set_of({1, kHuge});
  EXPECT_THAT(set.absent({1, kHuge}), ElementsAre(Range{2, kHuge - 1}));
  EXPECT_EQ(total(set.absent({1, kHuge})), kHuge - 2);
}

TEST(NumberSet, AgreesWithAPlainSet) {
  std::mt19937 random(7);
  NumberSet set;
  std::set<std::uint64_t> plain;
  for (int turn = 0; turn < 20'000; ++turn) {
    const std::uint64_t number = random() % 30'000;
    EXPECT_EQ(set.insert(number), plain.insert(number).second);
  }
  std::uint64_t present = 0;
  for (const Range& range : set.present({0, 30'000})) {
    for (std::uint64_t number = range.first; number <= range.last; ++number) {
      present += plain.count(number);
    }
  }
  EXPECT_EQ(present, plain.size());
  EXPECT_EQ(total(set.absent({0, 29'999})), 30'000 - plain.size());
}

TEST(Subtract, LeavesWhatNoCoverHas) {
  EXPECT_THAT(subtract({{1, 10}}, {{3, 4}, {8, 20}}), ElementsAre(Range{1, 2}, Range{5, 7}));
  EXPECT_THAT(subtract({{1, 2}, {5, 6}, {9, 9}}, {{2, 5}}), ElementsAre(Range{1, 1}, Range{6, 6}, Range{9, 9}));
  EXPECT_THAT(subtract({{5, 6}}, {{1, 10}}), IsEmpty());
  EXPECT_THAT(subtract({{5, 6}}, {}), ElementsAre(Range{5, 6}));
}

}  // namespace
}  // namespace weir::verify
