#include "reporter/verify/log_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::verify {
namespace {

using Entry = LogAccount::Entry;

TEST(LogAccount, EntersEachRowOnce) {
  const std::vector<std::int64_t> ids{10, 20, 30};
  LogAccount account(ids);
  EXPECT_EQ(account.add_line(20), Entry::First);
  EXPECT_EQ(account.add_line(30), Entry::First);
  EXPECT_EQ(account.add_line(10), Entry::First);
  EXPECT_EQ(account.add_line(20), Entry::Repeated);
  EXPECT_EQ(account.rows_with_line(), 3u);
  EXPECT_EQ(account.last_id_with_line(), 30);
  EXPECT_TRUE(account.rows_without_line().empty());
}

TEST(LogAccount, TellsForeignLinesFromOlderOnes) {
  const std::vector<std::int64_t> ids{10, 20, 30};
  LogAccount account(ids);
  EXPECT_EQ(account.add_line(9), Entry::Older);
  EXPECT_EQ(account.add_line(15), Entry::Unknown);
  EXPECT_EQ(account.add_line(31), Entry::Unknown);
  const std::vector<std::int64_t> none;
  EXPECT_EQ(LogAccount(none).add_line(9), Entry::Unknown);
}

TEST(LogAccount, GivesRunsOfRowsWithoutALine) {
  const std::vector<std::int64_t> ids{1, 2, 3, 4, 5, 6, 7};
  LogAccount account(ids);
  account.add_line(3);
  account.add_line(6);
  const auto runs = account.rows_without_line();
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].first_id, 1);
  EXPECT_EQ(runs[0].last_id, 2);
  EXPECT_EQ(runs[1].count, 2u);
  EXPECT_EQ(runs[2].last_id, 7);
}

}  // namespace
}  // namespace weir::verify
