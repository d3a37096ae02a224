// Many processes on one table, with the system's clock; every answer is recorded and the record is judged afterwards.
#include <gtest/gtest.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/policy/rate_windows.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kProcesses = 8;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint32_t kCallsMax = 25'000;
#else
constexpr std::uint32_t kCallsMax = 100'000;
#endif

std::int64_t boot_time_us() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return time.tv_sec * std::int64_t{1'000'000} + time.tv_nsec / 1000;
}

enum class Answer : std::uint8_t { None, Asked, Admitted, Refused };

// One call of admit(). A process that is killed in it leaves Asked.
struct Call {
  std::int64_t asked_us;  // the `now` that was given
  std::int64_t answered_us;
  std::atomic<Answer> answer;
};

struct Record {
  std::array<std::atomic<std::uint32_t>, kProcesses> calls;  // of each process and all that came after it in its place
  std::array<std::array<Call, kCallsMax>, kProcesses> call;

  bool is_open() const {
    return std::any_of(calls.begin(), calls.end(), [](const auto& count) { return count.load() < kCallsMax; });
  }
};

// Calls until its place in the record is full.
void hammer(RateWindows& windows, const base::IpAddress& client, Record& record, std::size_t process) {
  while (record.calls[process].load() < kCallsMax) {
    Call& call = record.call[process][record.calls[process].fetch_add(1)];
    call.asked_us = boot_time_us();
    call.answer.store(Answer::Asked);
    const bool admitted = windows.admit(client, microseconds(call.asked_us)).admitted;
    call.answered_us = boot_time_us();
    call.answer.store(admitted ? Answer::Admitted : Answer::Refused);
  }
}

// The record, by what is needed to judge it.
struct Judgement {
  std::vector<std::int64_t> admitted;        // when asked, sorted
  std::vector<std::int64_t> maybe_asked;     // the same with calls that were cut off: they may have been counted
  std::vector<std::int64_t> maybe_answered;  // sorted; a call that was cut off has no end
  std::vector<const Call*> refused;

  explicit Judgement(const Record& record) {
    for (std::size_t process = 0; process < kProcesses; ++process) {
      for (std::uint32_t i = 0; i < std::min(record.calls[process].load(), kCallsMax); ++i) {
        take(record.call[process][i]);
      }
    }
    std::sort(admitted.begin(), admitted.end());
    std::sort(maybe_asked.begin(), maybe_asked.end());
    std::sort(maybe_answered.begin(), maybe_answered.end());
  }

  void take(const Call& call) {
    const Answer answer = call.answer.load();
    if (answer == Answer::Refused) {
      refused.push_back(&call);
    } else if (answer != Answer::None) {
      maybe_asked.push_back(call.asked_us);
      maybe_answered.push_back(answer == Answer::Admitted ? call.answered_us : INT64_MAX);
    }
    if (answer == Answer::Admitted) {
      admitted.push_back(call.asked_us);
    }
  }

  // No window [t, t + window) has more than `limit`.
  void expect_never_more(std::size_t limit, std::int64_t window_us) const {
    for (std::size_t i = 0; i + limit < admitted.size(); ++i) {
      ASSERT_GE(admitted[i + limit] - admitted[i], window_us) << "admission " << i << " of " << admitted.size();
    }
  }
  // Whoever was refused had `limit` admissions in the window before: each was counted between asking and answer, so
  // at least so many were asked for before this answer and answered less than a window before this question.
  void expect_never_fewer(std::size_t limit, std::int64_t window_us) const {
    for (const Call* call : refused) {
      const auto begun = std::upper_bound(maybe_asked.begin(), maybe_asked.end(), call->answered_us) - maybe_asked.begin();
      const auto over =
          std::upper_bound(maybe_answered.begin(), maybe_answered.end(), call->asked_us - window_us) - maybe_answered.begin();
      ASSERT_GE(begun - over, static_cast<std::ptrdiff_t>(limit)) << "refused at " << call->asked_us;
    }
  }
};

struct Limit {
  std::uint32_t requests;
  milliseconds window;
};

constexpr Limit kLimits[] = {{100, milliseconds(5)}, {1, milliseconds(1)}, {3, milliseconds(1)}, {1000, milliseconds(10)}};

class RateExactness : public testing::TestWithParam<Limit> {
 protected:
  RateExactness() {
    std::string error;
    auto opened = RateWindows::open(folder_ / "rate_windows", GetParam().requests, GetParam().window, error);
    EXPECT_TRUE(opened) << error;
    windows_ = std::make_unique<RateWindows>(std::move(*opened));
  }

  tests::ChildProcess start(std::size_t process) {
    return tests::ChildProcess([&] { hammer(*windows_, client_, *record_, process); });
  }
  void judge() {
    const Judgement judgement(*record_);
    const std::int64_t window_us = microseconds(GetParam().window).count();
    EXPECT_GE(judgement.admitted.size(), GetParam().requests);
    EXPECT_GT(judgement.refused.size(), 1000u);
    std::printf("%zu admitted, %zu refused, %zu cut off\n", judgement.admitted.size(), judgement.refused.size(),
                judgement.maybe_asked.size() - judgement.admitted.size());
    judgement.expect_never_more(GetParam().requests, window_us);
    judgement.expect_never_fewer(GetParam().requests, window_us);
    EXPECT_EQ(windows_->live_evictions(), 0u);
  }

  tests::TemporaryFolder folder_;
  tests::Shared<Record> record_;
  std::unique_ptr<RateWindows> windows_;
  const base::IpAddress client_ = *base::IpAddress::parse("2001:db8::7");
};

TEST_P(RateExactness, HoldsWhenProcessesHammerOneClient) {
  std::vector<tests::ChildProcess> children;
  for (std::size_t process = 0; process < kProcesses; ++process) {
    children.push_back(start(process));
  }
  for (auto& child : children) {
    EXPECT_TRUE(child.wait());
  }
  judge();
}

TEST_P(RateExactness, HoldsWhenProcessesAreKilledAtRandomMoments) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<tests::ChildProcess> children;
  std::vector<tests::ChildProcess> killed;
  for (std::size_t process = 0; process < kProcesses; ++process) {
    children.push_back(start(process));
  }
  while (killed.size() < 2'000 && record_->is_open()) {
    const timespec pause{0, static_cast<long>(random() % 200'000)};
    ::nanosleep(&pause, nullptr);
    const std::size_t process = random() % kProcesses;
    children[process].begin_to_kill();
    killed.push_back(std::exchange(children[process], start(process)));
  }
  for (auto& child : children) {
    child.wait();
  }
  std::printf("%zu killed\n", killed.size());
  killed.clear();
  judge();
}

INSTANTIATE_TEST_SUITE_P(Limits, RateExactness, testing::ValuesIn(kLimits), [](const auto& instance) {
  return std::to_string(instance.param.requests) + "in" + std::to_string(instance.param.window.count()) + "ms";
});

// In each round all processes meet clients that none has seen before, in one set, whose slots still are those of the
// round before. A client that got two slots would be admitted too often.
constexpr std::uint32_t kNewClients = 6;  // and one more slot for each process that is taking one: no live one is lost
constexpr std::uint32_t kRoundLimit = 5;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint32_t kRounds = 300;
#else
constexpr std::uint32_t kRounds = 2'000;
#endif

struct Rounds {
  std::atomic<std::uint64_t> arrived;
  std::array<std::array<std::atomic<std::uint32_t>, kNewClients>, kRounds> admitted;
};

void meet_new_clients(RateWindows& windows, Rounds& rounds, std::size_t process) {
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    rounds.arrived.fetch_add(1);
    while (rounds.arrived.load() < kProcesses * (round + std::uint64_t{1})) {
      ::sched_yield();
    }
    for (std::uint32_t call = 0; call < kRoundLimit * kNewClients; ++call) {
      const auto client = static_cast<std::uint32_t>((call + process) % kNewClients);
      const std::array<std::uint8_t, 4> octets{static_cast<std::uint8_t>(round >> 16), static_cast<std::uint8_t>(round >> 8),
                                               static_cast<std::uint8_t>(round), static_cast<std::uint8_t>(client)};
      const microseconds now = std::chrono::hours(1) + round * milliseconds(10);
      if (windows.admit(base::IpAddress::from_v4(octets), now).admitted) {
        rounds.admitted[round][client].fetch_add(1);
      }
    }
  }
}

TEST(RateSlots, GiveAClientOneWindowHoweverManyProcessesMeetItAtOnce) {
  const tests::TemporaryFolder folder;
  std::string error;
  auto windows = RateWindows::open(folder / "rate_windows", kRoundLimit, milliseconds(10), error, kWays);
  ASSERT_TRUE(windows) << error;
  const tests::Shared<Rounds> rounds;
  std::vector<tests::ChildProcess> children;
  for (std::size_t process = 0; process < kProcesses; ++process) {
    children.emplace_back([&, process] { meet_new_clients(*windows, *rounds, process); });
  }
  for (auto& child : children) {
    EXPECT_TRUE(child.wait());
  }
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (std::uint32_t client = 0; client < kNewClients; ++client) {
      ASSERT_EQ(rounds->admitted[round][client].load(), kRoundLimit) << "round " << round << " client " << client;
    }
  }
  EXPECT_EQ(windows->live_evictions(), 0u);
}

}  // namespace
}  // namespace weir::policy
