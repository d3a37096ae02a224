// A process is killed or stopped after each single instruction of admit(): whatever it leaves in the table, and whatever
// it does when it goes on later, the others' windows stay exact.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/policy/rate_windows.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::uint32_t kLimit = 3;
constexpr seconds kWindow{1};
constexpr int kInstructionsMax = 2'000'000;
// Of the tests that run the child again for each stop.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kStopsMax = 4;
#else
constexpr int kStopsMax = 16;
#endif

base::IpAddress client_number(std::uint32_t number) {
  const std::array<std::uint8_t, 4> octets{10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                                           static_cast<std::uint8_t>(number)};
  return base::IpAddress::from_v4(octets);
}

std::uint32_t admit_until_refused(RateWindows& windows, const base::IpAddress& client, microseconds now) {
  std::uint32_t admitted = 0;
  while (admitted <= kLimit && windows.admit(client, now).admitted) {
    ++admitted;
  }
  return admitted;
}

// A child that calls admit() one instruction at a time.
class SteppedChild {
 public:
  enum class Answer { None, Admitted, Refused };

  SteppedChild(RateWindows& windows, const base::IpAddress& client, microseconds now)
      : child_([&] {
          if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) {
            ::raise(SIGSTOP);
            *answer_ = windows.admit(client, now).admitted ? Answer::Admitted : Answer::Refused;
          }
        }) {
    await();
  }

  // True while there is an answer to come.
  bool step() { return go(PTRACE_SINGLESTEP) && *answer_ == Answer::None; }
  Answer finish() {
    while (go(PTRACE_CONT)) {
    }
    return *answer_;
  }

 private:
  bool go(__ptrace_request how) {
    if (is_stopped_) {
      ::ptrace(how, child_.pid(), nullptr, nullptr);
      await();
    }
    return is_stopped_;
  }
  void await() {
    int status = 0;
    is_stopped_ = ::waitpid(child_.pid(), &status, 0) == child_.pid() && WIFSTOPPED(status);
  }

  tests::Shared<Answer> answer_;
  bool is_stopped_ = false;
  tests::ChildProcess child_;
};

class RateKill : public testing::Test {
 protected:
  void SetUp() override {
    windows_ = open(path_);
    std::string error;
    auto table = base::MappedFile::open(path_, base::MappedFile::Access::ReadOnly, error);
    ASSERT_TRUE(table) << error;
    table_ = std::move(*table);
    instructions_ = count_instructions();
    if (instructions_ == 0) {
      GTEST_SKIP() << "the system does not let us trace a child";
    }
  }

  std::unique_ptr<RateWindows> open(const std::filesystem::path& path) {
    std::string error;
    auto opened = RateWindows::open(path, kLimit, kWindow, error, kWays);
    EXPECT_TRUE(opened) << error;
    return std::make_unique<RateWindows>(std::move(*opened));
  }

  // Fills all slots with clients whose windows are over, so that the next one has to be taken from somebody. Gives a
  // client that made `before` requests since.
  base::IpAddress new_client(std::uint32_t before) {
    now_ += 2 * kWindow;
    for (std::size_t n = 0; n < kWays; ++n) {
      EXPECT_EQ(admit_until_refused(*windows_, client_number(++clients_), now_), kLimit);
    }
    now_ += 2 * kWindow;
    const base::IpAddress client = client_number(++clients_);
    for (std::uint32_t n = 0; n < before; ++n) {
      EXPECT_TRUE(windows_->admit(client, now_).admitted);
    }
    return client;
  }

  int count_instructions() {
    SteppedChild child(*windows_, new_client(0), now_);
    int instructions = 0;
    while (instructions < kInstructionsMax && child.step()) {
      ++instructions;
    }
    return instructions;
  }

  std::string_view table_content() const {
    const auto bytes = table_.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  // All that a killed process leaves is the table: each content that it ever had is tried.
  void kill_everywhere(std::uint32_t before) {
    const base::IpAddress client = new_client(before);
    const microseconds now = now_;
    std::vector<std::string> contents{std::string(table_content())};
    SteppedChild child(*windows_, client, now);
    while (child.step()) {
      if (table_content() != contents.back()) {
        contents.emplace_back(table_content());
      }
    }
    EXPECT_GE(contents.size(), before == 0 ? 7u : 3u);  // the claim's four words and going live; entry and head
    std::set<std::uint32_t> seen;
    for (const std::string& content : contents) {
      const auto path = folder_ / "left behind";
      std::ofstream(path, std::ios::binary) << content;
      const auto windows = open(path);
      const std::uint32_t admitted = admit_until_refused(*windows, client, now);
      seen.insert(admitted);
      ASSERT_EQ(admit_until_refused(*windows, client, now + kWindow), kLimit);
      ASSERT_EQ(windows->live_evictions(), 0u);
    }
    EXPECT_EQ(seen, (std::set<std::uint32_t>{kLimit - before - 1, kLimit - before}));
  }

  // Steps until the table has changed `changes` times; gives how often it did before there was an answer.
  int step_through_changes(SteppedChild& child, int changes) const {
    std::string content(table_content());
    int seen = 0;
    while (seen < changes && child.step()) {
      if (table_content() != content) {
        content = table_content();
        ++seen;
      }
    }
    return seen;
  }

  // Stops a child in admit() of a client that made `before` requests, calls `meanwhile(client)`, lets the child go on
  // and calls `check(client, answer, is_counted)`. It stops after each change of the table (the last one counts the
  // request), and at instructions spread over the call.
  template <class Meanwhile, class Check>
  void stop_everywhere(std::uint32_t before, Meanwhile meanwhile, Check check) {
    int changes = 0;
    {
      SteppedChild child(*windows_, new_client(before), now_);
      changes = step_through_changes(child, kInstructionsMax);
    }
    for (int change = 1; change <= changes; ++change) {
      const base::IpAddress client = new_client(before);
      SteppedChild child(*windows_, client, now_);
      ASSERT_EQ(step_through_changes(child, change), change);
      meanwhile(client);
      check(client, child.finish(), change == changes);
      ASSERT_FALSE(HasFailure()) << "stopped after change " << change << " of " << changes;
    }
    stop_at_random(before, meanwhile, [&](const base::IpAddress& client, SteppedChild::Answer answer) { check(client, answer, true); });
  }

  template <class Meanwhile, class Check>
  void stop_at_random(std::uint32_t before, Meanwhile meanwhile, Check check) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const int stride = std::max(instructions_ / kStopsMax, 1);
    for (int stop = 0; stop < instructions_; stop += stride) {
      const base::IpAddress client = new_client(before);
      SteppedChild child(*windows_, client, now_);
      const int at = stop + static_cast<int>(random() % static_cast<unsigned>(stride));
      for (int n = 0; n < at && child.step(); ++n) {
      }
      meanwhile(client);
      check(client, child.finish());
      ASSERT_FALSE(HasFailure()) << "stopped after " << at << " instructions";
    }
  }

  tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "rate_windows";
  std::unique_ptr<RateWindows> windows_;
  base::MappedFile table_;
  microseconds now_ = std::chrono::hours(1);
  std::uint32_t clients_ = 0;
  int instructions_ = 0;
};

TEST_F(RateKill, AtAnyInstructionForANewClientLeavesTheWindowExact) { kill_everywhere(0); }
TEST_F(RateKill, AtAnyInstructionForAKnownClientLeavesTheWindowExact) { kill_everywhere(1); }
TEST_F(RateKill, AtAnyInstructionOfTheLastRequestLeavesTheWindowExact) { kill_everywhere(kLimit - 1); }

using Answer = SteppedChild::Answer;

TEST_F(RateKill, AStoppedProcessAndTheOthersTogetherStayWithinTheLimit) {
  for (const std::uint32_t before : {0u, 1u, kLimit - 1}) {
    std::uint32_t others = 0;
    stop_everywhere(
        before, [&](const base::IpAddress& client) { others = admit_until_refused(*windows_, client, now_); },
        [&](const base::IpAddress& client, Answer answer, bool) {
          ASSERT_NE(answer, Answer::None);
          EXPECT_EQ(before + others + (answer == Answer::Admitted ? 1 : 0), kLimit);
          EXPECT_EQ(admit_until_refused(*windows_, client, now_), 0u);
          EXPECT_EQ(admit_until_refused(*windows_, client, now_ + kWindow), kLimit);
        });
  }
}

TEST_F(RateKill, AStoppedProcessThatMissedWholeLapsChangesNothing) {
  for (const int laps : {1, 2}) {
    microseconds last{0};
    stop_everywhere(
        1,
        [&](const base::IpAddress& client) {
          last = now_;
          admit_until_refused(*windows_, client, last);
          for (int lap = 0; lap < laps; ++lap) {
            last += kWindow;
            EXPECT_EQ(admit_until_refused(*windows_, client, last), kLimit);
          }
        },
        [&](const base::IpAddress& client, Answer answer, bool) {
          ASSERT_NE(answer, Answer::None);
          EXPECT_EQ(admit_until_refused(*windows_, client, last + kWindow - microseconds(1)), 0u);
          EXPECT_EQ(admit_until_refused(*windows_, client, last + kWindow), kLimit);
        });
  }
}

TEST_F(RateKill, AStoppedProcessWhoseSlotIsTakenAwayChargesNobodyElse) {
  for (const std::uint32_t before : {0u, 1u}) {
    std::uint32_t first = 0;
    microseconds asked{0};
    stop_everywhere(
        before,
        [&](const base::IpAddress&) {
          asked = now_;
          now_ += 2 * kWindow;
          first = clients_ + 1;
          for (std::size_t n = 0; n < kWays; ++n) {
            EXPECT_TRUE(windows_->admit(client_number(++clients_), now_).admitted);
          }
        },
        [&](const base::IpAddress& client, Answer answer, bool is_counted) {
          EXPECT_EQ(answer, Answer::Admitted);
          // The request was counted where the client is now, or before its slot was taken away.
          const std::uint32_t more = admit_until_refused(*windows_, client, asked);
          EXPECT_TRUE(more == kLimit - 1 || (is_counted && more == kLimit)) << more;
          std::size_t undisturbed = 0;
          for (std::uint32_t n = first + kWays - 1; n >= first; --n) {  // from the newest: the child takes the oldest slot
            undisturbed += admit_until_refused(*windows_, client_number(n), now_) == kLimit - 1 ? 1 : 0;
          }
          EXPECT_GE(undisturbed, kWays - 1);
        });
  }
}

}  // namespace
}  // namespace weir::policy
