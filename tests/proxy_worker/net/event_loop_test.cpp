#include "proxy_worker/net/event_loop.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/loopback.h"

namespace weir::net {
namespace {

struct Job : Task {
  explicit Job(std::function<void()> then) : what(std::move(then)) {}
  void run() override { what(); }
  std::function<void()> what;
};

struct Watcher : IoListener {
  void on_io(Readiness readiness) override { seen.push_back(readiness); }
  std::vector<Readiness> seen;
};

struct Buried : Retirable {
  explicit Buried(int& count) : freed(count) {}
  ~Buried() override { ++freed; }
  int& freed;
};

class EventLoopTest : public testing::Test {
 protected:
  EventLoop loop_;
  tests::LoopRunner runner_{loop_};
};

TEST_F(EventLoopTest, RunsATaskOnceHoweverOftenItIsQueued) {
  int runs = 0;
  Job job([&] { ++runs; });
  loop_.run_at_turn_end(job);
  loop_.run_at_turn_end(job);
  EXPECT_EQ(runs, 0);
  loop_.run_turn();
  loop_.run_turn();
  EXPECT_EQ(runs, 1);
}

TEST_F(EventLoopTest, RunsATaskThatQueuesItselfInTheNextTurn) {
  int runs = 0;
  Job job([&] {
    if (++runs < 3) {
      loop_.run_at_turn_end(job);
    }
  });
  loop_.run_at_turn_end(job);
  for (const int expected : {1, 2, 3, 3}) {
    loop_.run_turn();
    EXPECT_EQ(runs, expected);
  }
}

TEST_F(EventLoopTest, DoesNotRunATaskThatIsCancelled) {
  int runs = 0;
  Job second([&] { ++runs; });
  Job first([&] { loop_.cancel(second); });
  Job third([&] { ++runs; });
  loop_.run_at_turn_end(first);
  loop_.run_at_turn_end(second);
  loop_.run_at_turn_end(third);
  loop_.run_turn();
  EXPECT_EQ(runs, 1);
  loop_.run_at_turn_end(second);
  loop_.cancel(second);
  loop_.run_turn();
  EXPECT_EQ(runs, 1);
  loop_.run_at_turn_end(second);
  loop_.run_turn();
  EXPECT_EQ(runs, 2);
}

TEST_F(EventLoopTest, FreesWhatIsRetiredAtTheEndOfTheTurn) {
  int freed = 0;
  Job job([&] {
    loop_.retire(std::make_unique<Buried>(freed));
    EXPECT_EQ(freed, 0);
  });
  loop_.run_at_turn_end(job);
  loop_.run_turn();
  EXPECT_EQ(freed, 1);
  loop_.retire(nullptr);
}

TEST_F(EventLoopTest, ReportsAnEdgeOnce) {
  const tests::ConnectedPair pair = tests::connect_pair();
  Watcher watcher;
  loop_.watch_edges(pair.near.value(), watcher);
  ASSERT_TRUE(runner_.until([&] { return !watcher.seen.empty(); }));
  EXPECT_TRUE(watcher.seen[0].writable);
  EXPECT_FALSE(watcher.seen[0].readable);
  watcher.seen.clear();
  tests::send_all(pair.far.value(), "x");
  ASSERT_TRUE(runner_.until([&] { return !watcher.seen.empty(); }));
  EXPECT_TRUE(watcher.seen[0].readable);
  runner_.run_for(std::chrono::milliseconds(30));
  EXPECT_EQ(watcher.seen.size(), 1u);
}

TEST_F(EventLoopTest, ReportsALevelForAsLongAsItLasts) {
  const tests::ConnectedPair pair = tests::connect_pair();
  Watcher watcher;
  loop_.watch_level(pair.near.value(), watcher, EventLoop::Interest::Read);
  runner_.run_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(watcher.seen.empty());
  tests::send_all(pair.far.value(), "x");
  ASSERT_TRUE(runner_.until([&] { return watcher.seen.size() >= 3; }));
  loop_.watch_level(pair.near.value(), watcher, EventLoop::Interest::None);
  watcher.seen.clear();
  runner_.run_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(watcher.seen.empty());
  loop_.watch_level(pair.near.value(), watcher, EventLoop::Interest::Write);
  ASSERT_TRUE(runner_.until([&] { return !watcher.seen.empty(); }));
  EXPECT_TRUE(watcher.seen[0].writable);
  loop_.forget(pair.near.value());
  watcher.seen.clear();
  runner_.run_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(watcher.seen.empty());
}

TEST_F(EventLoopTest, ReportsTheEndOfTheOtherSide) {
  tests::ConnectedPair pair = tests::connect_pair();
  Watcher watcher;
  loop_.watch_edges(pair.near.value(), watcher);
  pair.far.reset();
  ASSERT_TRUE(runner_.until([&] { return !watcher.seen.empty() && watcher.seen.back().read_closed; }));
  EXPECT_TRUE(watcher.seen.back().readable);
}

TEST_F(EventLoopTest, SleepsUntilATimerIsDue) {
  struct Alarm : Timer::Listener {
    void on_timer(Timer&) override { rang = true; }
    bool rang = false;
    Timer timer{*this};
  } alarm;
  EventLoop loop;
  const TimePoint deadline = loop.now() + std::chrono::milliseconds(60);
  loop.arm(alarm.timer, deadline);
  int turns = 0;
  while (!alarm.rang && ++turns < 100) {
    loop.run_turn();
  }
  EXPECT_TRUE(alarm.rang);
  EXPECT_GE(loop.now(), deadline);
  EXPECT_LE(turns, 2);
}

}  // namespace
}  // namespace weir::net
