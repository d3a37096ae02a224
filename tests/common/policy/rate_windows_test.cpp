#include "common/policy/rate_windows.h"

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <random>

#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr microseconds kStart = std::chrono::hours(5);

base::IpAddress ip(std::string_view text) { return *base::IpAddress::parse(text); }

base::IpAddress numbered_v4(std::uint32_t number) {
  const std::array<std::uint8_t, 4> octets{static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
                                           static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  return base::IpAddress::from_v4(octets);
}

class RateWindowsTest : public testing::Test {
 protected:
  RateWindows open(std::uint32_t requests, milliseconds window, std::uint64_t clients_max = RateTable::kClientsMax) {
    std::string error;
    auto windows = RateWindows::open(path_, requests, window, error, clients_max);
    EXPECT_TRUE(windows) << error;
    return std::move(*windows);
  }

  tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "rate_windows";
  const base::IpAddress client_ = ip("192.0.2.1");
};

TEST_F(RateWindowsTest, AdmitsUpToTheLimitAndRefusesTheNext) {
  RateWindows windows = open(100, seconds(10));
  for (std::uint32_t n = 1; n <= 100; ++n) {
    const Admission admission = windows.admit(client_, kStart + microseconds(n));
    ASSERT_TRUE(admission.admitted) << n;
    ASSERT_EQ(admission.requests_in_window, n);
    ASSERT_EQ(admission.retry_after, microseconds(0));
  }
  const Admission refused = windows.admit(client_, kStart + microseconds(101));
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.requests_in_window, 101u);
  EXPECT_EQ(refused.retry_after, seconds(10) - microseconds(100));
}

TEST_F(RateWindowsTest, AdmitsAgainExactlyOneWindowAfterTheOldest) {
  RateWindows windows = open(2, milliseconds(1));
  ASSERT_TRUE(windows.admit(client_, kStart).admitted);
  ASSERT_TRUE(windows.admit(client_, kStart + microseconds(400)).admitted);
  EXPECT_EQ(windows.admit(client_, kStart + microseconds(999)).retry_after, microseconds(1));
  EXPECT_TRUE(windows.admit(client_, kStart + microseconds(1000)).admitted);
  EXPECT_FALSE(windows.admit(client_, kStart + microseconds(1399)).admitted);
  EXPECT_TRUE(windows.admit(client_, kStart + microseconds(1400)).admitted);
}

TEST_F(RateWindowsTest, DoesNotCountRefusedRequests) {
  RateWindows windows = open(1, milliseconds(1));
  ASSERT_TRUE(windows.admit(client_, kStart).admitted);
  for (int us = 1; us < 1000; ++us) {
    ASSERT_FALSE(windows.admit(client_, kStart + microseconds(us)).admitted);
  }
  EXPECT_TRUE(windows.admit(client_, kStart + microseconds(1000)).admitted);
}

TEST_F(RateWindowsTest, AdmitsSoonAfterBoot) {
  RateWindows windows = open(2, seconds(10));
  EXPECT_TRUE(windows.admit(client_, microseconds(0)).admitted);
  EXPECT_TRUE(windows.admit(client_, microseconds(1)).admitted);
  EXPECT_FALSE(windows.admit(client_, seconds(10)).admitted);
  EXPECT_TRUE(windows.admit(client_, seconds(10) + microseconds(1)).admitted);
}

TEST_F(RateWindowsTest, KeepsToTheLimitWhenClocksRace) {
  RateWindows windows = open(2, milliseconds(1));
  ASSERT_TRUE(windows.admit(client_, kStart + microseconds(50)).admitted);
  ASSERT_TRUE(windows.admit(client_, kStart).admitted);  // read its clock earlier, counts as of 50
  EXPECT_FALSE(windows.admit(client_, kStart + microseconds(1049)).admitted);
  EXPECT_TRUE(windows.admit(client_, kStart + microseconds(1050)).admitted);
  EXPECT_TRUE(windows.admit(client_, kStart + microseconds(1050)).admitted);
  EXPECT_FALSE(windows.admit(client_, kStart + microseconds(1050)).admitted);
}

// The slow, obvious window: the times of all admissions.
TEST_F(RateWindowsTest, AgreesWithAListOfTimesOverManyLaps) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const std::uint32_t limit : {1u, 2u, 3u, 7u, 100u}) {
    RateWindows windows = open(limit, milliseconds(1));
    std::deque<microseconds> admitted;
    microseconds now = kStart;
    for (int round = 0; round < 40'000; ++round) {
      now += microseconds(random() % (round % 1000 < 500 ? 2 : 2000 / limit));
      while (!admitted.empty() && admitted.front() + milliseconds(1) <= now) {
        admitted.pop_front();
      }
      const Admission admission = windows.admit(client_, now);
      ASSERT_EQ(admission.admitted, admitted.size() < limit) << "limit " << limit << " round " << round;
      ASSERT_EQ(admission.requests_in_window, admitted.size() + 1);
      if (admission.admitted) {
        admitted.push_back(now);
      } else {
        ASSERT_EQ(admission.retry_after, admitted.front() + milliseconds(1) - now);
      }
    }
  }
}

TEST_F(RateWindowsTest, GivesEachIpv4AddressAndEachIpv6PrefixItsOwnWindow) {
  RateWindows windows = open(1, seconds(10));
  EXPECT_TRUE(windows.admit(ip("192.0.2.1"), kStart).admitted);
  EXPECT_TRUE(windows.admit(ip("192.0.2.2"), kStart).admitted);
  EXPECT_FALSE(windows.admit(ip("::ffff:192.0.2.1"), kStart).admitted);
  EXPECT_TRUE(windows.admit(ip("2001:db8:0:1::1"), kStart).admitted);
  EXPECT_FALSE(windows.admit(ip("2001:db8:0:1:ffff:ffff:ffff:ffff"), kStart).admitted);
  EXPECT_TRUE(windows.admit(ip("2001:db8:0:2::1"), kStart).admitted);
  EXPECT_TRUE(windows.admit(ip("c000:0201::"), kStart).admitted);
  EXPECT_TRUE(windows.admit(ip("::1"), kStart).admitted);
  EXPECT_TRUE(windows.admit(ip("0.0.0.0"), kStart).admitted);
}

TEST_F(RateWindowsTest, IsSharedByAllWhoOpenItAndOutlivesThem) {
  {
    RateWindows first = open(3, seconds(10));
    RateWindows second = open(3, seconds(10));
    EXPECT_TRUE(first.admit(client_, kStart).admitted);
    EXPECT_EQ(second.admit(client_, kStart).requests_in_window, 2u);
  }
  RateWindows again = open(3, seconds(10));
  EXPECT_EQ(again.admit(client_, kStart).requests_in_window, 3u);
  EXPECT_FALSE(again.admit(client_, kStart).admitted);
}

TEST_F(RateWindowsTest, BeginsAnewForAnotherLimitOrWindow) {
  RateWindows old = open(1, seconds(10));
  ASSERT_TRUE(old.admit(client_, kStart).admitted);
  ASSERT_FALSE(old.admit(client_, kStart).admitted);
  EXPECT_TRUE(open(2, seconds(10)).admit(client_, kStart).admitted);
  EXPECT_TRUE(open(2, seconds(11)).admit(client_, kStart).admitted);
  EXPECT_TRUE(open(1, seconds(10)).admit(client_, kStart).admitted);
  EXPECT_FALSE(old.admit(client_, kStart).admitted);  // still maps what it mapped
}

TEST_F(RateWindowsTest, ReplacesAFileOfAnotherBootOrThatIsDamaged) {
  ASSERT_TRUE(open(1, seconds(10)).admit(client_, kStart).admitted);
  for (const std::streamoff at : {0, 8, 32, 67}) {  // magic, layout, boot id (its ends)
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at).put('!');
    file.close();
    EXPECT_TRUE(open(1, seconds(10)).admit(client_, kStart).admitted) << at;
    EXPECT_FALSE(open(1, seconds(10)).admit(client_, kStart).admitted) << at;
  }
  std::filesystem::resize_file(path_, 5000);
  EXPECT_TRUE(open(1, seconds(10)).admit(client_, kStart).admitted);
  std::filesystem::resize_file(path_, 0);
  EXPECT_TRUE(open(1, seconds(10)).admit(client_, kStart).admitted);
  std::ofstream(path_.string() + ".new") << "left by a process that was killed";
  EXPECT_TRUE(open(2, seconds(10)).admit(client_, kStart).admitted);
}

TEST_F(RateWindowsTest, SaysWhyItCannotOpen) {
  std::string error;
  EXPECT_FALSE(RateWindows::open(path_, 0, seconds(1), error));
  EXPECT_EQ(error, "a rate limit is 1 to 1000000 requests in a window longer than 0");
  EXPECT_FALSE(RateWindows::open(path_, 1, seconds(0), error));
  EXPECT_FALSE(RateWindows::open(path_, RateTable::kRequestsMax + 1, seconds(1), error));
  const auto nowhere = folder_ / "no such folder" / "rate_windows";
  EXPECT_FALSE(RateWindows::open(nowhere, 1, seconds(1), error));
  EXPECT_EQ(error, nowhere.string() + ".lock: cannot open: No such file or directory");
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(RateWindows::open(path_, 1, seconds(1), error));
  EXPECT_EQ(error, path_.string() + ": cannot replace: Is a directory");
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".new"));
}

TEST_F(RateWindowsTest, BoundsItsFileByKeepingFewerClientsForGreatLimits) {
  EXPECT_EQ(open(100, seconds(10)).clients_max(), RateTable::kClientsMax);
  EXPECT_LT(std::filesystem::file_size(path_), 60u << 20);
  for (const std::uint32_t requests : {1'000u, 100'000u, RateTable::kRequestsMax}) {
    EXPECT_GE(open(requests, seconds(10)).clients_max(), kWays) << requests;
    EXPECT_LE(std::filesystem::file_size(path_), RateTable::kFileBytesMax) << requests;
  }
}

TEST_F(RateWindowsTest, CountsToTheGreatestLimit) {
  RateWindows windows = open(RateTable::kRequestsMax, seconds(10));
  for (std::uint32_t n = 1; n <= RateTable::kRequestsMax; ++n) {
    ASSERT_TRUE(windows.admit(client_, kStart).admitted) << n;
  }
  EXPECT_FALSE(windows.admit(client_, kStart).admitted);
}

TEST_F(RateWindowsTest, GivesIdleClientsSlotsToNewOnes) {
  RateWindows windows = open(1, seconds(1), kWays);
  microseconds now = kStart;
  for (std::uint32_t round = 0; round < 1000; ++round) {
    for (std::uint32_t n = 0; n < kWays; ++n) {
      ASSERT_TRUE(windows.admit(numbered_v4(round << 8 | n), now).admitted);
    }
    for (std::uint32_t n = 0; n < kWays; ++n) {
      ASSERT_FALSE(windows.admit(numbered_v4(round << 8 | n), now).admitted);
    }
    now += seconds(1);
  }
  EXPECT_EQ(windows.live_evictions(), 0u);
}

TEST_F(RateWindowsTest, CountsClientsThatLoseALiveWindowAndTakesTheOldest) {
  RateWindows windows = open(1, seconds(1), kWays);
  for (std::uint32_t n = 0; n <= kWays; ++n) {
    ASSERT_TRUE(windows.admit(numbered_v4(n), kStart + microseconds(n)).admitted);
  }
  EXPECT_EQ(windows.live_evictions(), 1u);
  for (std::uint32_t n = kWays; n > 0; --n) {
    EXPECT_FALSE(windows.admit(numbered_v4(n), kStart + microseconds(100)).admitted) << n;
  }
  EXPECT_TRUE(windows.admit(numbered_v4(0), kStart + microseconds(100)).admitted);
}

TEST_F(RateWindowsTest, StartsANewClientWithAnEmptyWindowInASlotThatWasFull) {
  RateWindows windows = open(3, seconds(1), kWays);
  for (std::uint32_t client = 0; client < 100 * kWays; ++client) {
    for (std::uint32_t n = 1; n <= 3; ++n) {
      ASSERT_EQ(windows.admit(numbered_v4(client), kStart).requests_in_window, n) << client;
    }
    ASSERT_FALSE(windows.admit(numbered_v4(client), kStart).admitted) << client;
  }
}

TEST_F(RateWindowsTest, TakesAMillionClientsInBoundedMemory) {
  RateWindows windows = open(100, seconds(10));
  const auto size = std::filesystem::file_size(path_);
  for (std::uint32_t n = 0; n < 1'000'000; ++n) {
    ASSERT_TRUE(windows.admit(numbered_v4(n * 2654435761u), kStart + microseconds(n)).admitted);
  }
  EXPECT_EQ(std::filesystem::file_size(path_), size);
  EXPECT_GT(windows.live_evictions(), 900'000u);
}

}  // namespace
}  // namespace weir::policy
