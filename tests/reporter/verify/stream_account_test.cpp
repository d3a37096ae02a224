#include "reporter/verify/stream_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Gap gap(std::int64_t first, std::int64_t last) {
  return {.first_sequence = first, .last_sequence = last, .noticed_at_us = 0, .after_us = {}, .before_us = {}};
}

class StreamAccountTest : public ::testing::Test {
 protected:
  static StreamAccount with_rows(std::int64_t position, std::initializer_list<std::int64_t> sequences) {
    StreamAccount account("s", position);
    std::int64_t id = 1000;
    for (const std::int64_t sequence : sequences) {
      account.add_row(Table::Request, id++, sequence);
    }
    return account;
  }

  Check check_{"streams"};
};

TEST_F(StreamAccountTest, PassesEachNumberOnceInAnyOrder) {
  const auto totals = with_rows(4, {2, 1, 4, 3}).judge(check_);
  EXPECT_EQ(check_.verdict(), Verdict::Pass);
  EXPECT_EQ(totals.rows, 4u);
  EXPECT_EQ(totals.missing, 0u);
}

TEST_F(StreamAccountTest, PassesAStreamWithoutEvents) {
  with_rows(0, {}).judge(check_);
  EXPECT_EQ(check_.verdict(), Verdict::Pass);
}

TEST_F(StreamAccountTest, PassesGapsThatFillWhatRowsLeave) {
  StreamAccount account = with_rows(9, {3, 4, 8});
  account.add_gap(gap(5, 7));
  account.add_gap(gap(1, 2));
  account.add_gap(gap(9, 9));
  const auto totals = account.judge(check_);
  EXPECT_THAT(check_.faults().kept, IsEmpty());
  EXPECT_EQ(check_.notes().count, 3u);
  EXPECT_EQ(totals.events_in_gaps, 6u);
}

TEST_F(StreamAccountTest, SaysWhenAGapWas) {
  StreamAccount account = with_rows(9, {});
  account.add_gap({1, 1, 60'000'000, {}, 120'000'000});
  account.add_gap({2, 2, 60'000'000, 180'000'000, 120'000'000});
  account.add_gap({3, 9, 60'000'000, 180'000'000, {}});
  account.judge(check_);
  EXPECT_THAT(check_.notes().kept, ElementsAre("s: gap 1 to 1: 1 event lost, before " + time_text(120'000'000) + ", noticed " + time_text(60'000'000),
                                               HasSubstr("lost, between " + time_text(180'000'000) + " and " + time_text(120'000'000) + ", noticed"),
                                               HasSubstr("lost, after " + time_text(180'000'000) + ", noticed")));
}

TEST_F(StreamAccountTest, CountsProgressAsEvents) {
  StreamAccount account = with_rows(3, {1, 3});
  account.add_row(Table::Progress, 77, 2);
  EXPECT_EQ(account.judge(check_).rows, 3u);
  EXPECT_EQ(check_.verdict(), Verdict::Pass);
  account.add_row(Table::Progress, 78, 3);
  EXPECT_EQ(account.judge(check_).repeated, 1u);
  EXPECT_THAT(check_.faults().kept, ElementsAre(HasSubstr(": 3 (progress id 78)")));
}

TEST_F(StreamAccountTest, NamesEachHole) {
  StreamAccount account = with_rows(10, {2, 3, 7});
  account.add_gap(gap(8, 9));
  EXPECT_EQ(account.judge(check_).missing, 5u);
  EXPECT_THAT(check_.faults().kept, ElementsAre(HasSubstr("event 1 of 10"), HasSubstr("events 4 to 6 of 10"), HasSubstr("event 10 of 10")));
}

TEST_F(StreamAccountTest, CountsEachFurtherRowOfANumber) {
  EXPECT_EQ(with_rows(2, {1, 2, 2, 2, 1}).judge(check_).repeated, 3u);
  EXPECT_THAT(check_.faults().kept, ElementsAre("s: 3 rows whose sequence numbers stand in another row already: 2 (request id 1002)"
                                                " 2 (request id 1003) 1 (request id 1004)"));
}

TEST_F(StreamAccountTest, NamesOnlyTheFirstOfMany) {
  StreamAccount account("s", 0);
  for (std::int64_t number = 1; number <= 1000; ++number) {
    account.add_row(Table::Request, number, number);
  }
  EXPECT_EQ(account.judge(check_).misplaced, 1000u);
  EXPECT_THAT(check_.faults().kept, ElementsAre(HasSubstr("1,000 rows")));
  EXPECT_LT(check_.faults().kept[0].size(), 300u);
}

TEST_F(StreamAccountTest, RefusesNumbersThatNoStreamHas) {
  EXPECT_EQ(with_rows(2, {1, 2, 0, -5, 3}).judge(check_).misplaced, 3u);
  EXPECT_THAT(check_.faults().kept, ElementsAre(HasSubstr("0 (request id 1002) -5 (request id 1003) 3 (request id 1004)")));
}

TEST_F(StreamAccountTest, RefusesAPositionThatNoStreamHas) {
  with_rows(-3, {}).judge(check_);
  EXPECT_THAT(check_.faults().kept, ElementsAre("s: its position is -3"));
}

TEST_F(StreamAccountTest, RefusesGapsThatAreNone) {
  StreamAccount account = with_rows(9, {1, 2, 3});
  account.add_gap(gap(4, 7));
  account.add_gap(gap(6, 9));   // overlaps the one before
  account.add_gap(gap(5, 5));   // is within it
  account.add_gap(gap(8, 7));   // ends before it begins
  account.add_gap(gap(0, 1));   // begins before the stream
  const auto totals = account.judge(check_);
  EXPECT_EQ(check_.faults().count, 4u);
  EXPECT_EQ(totals.events_in_gaps, 6u);
  EXPECT_EQ(totals.missing, 0u);
}

}  // namespace
}  // namespace weir::verify
