#include "proxy_worker/net/timer_wheel.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace weir::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// A clock that only the test moves; it begins in the middle of a tick.
class TimerWheelTest : public testing::Test {
 protected:
  void advance_to(milliseconds time) { wheel_.advance(start_ + time); }
  void arm(Timer& timer, milliseconds time) { wheel_.arm(timer, start_ + time); }

  TimePoint start_{1'000'003ms + 500us};
  TimerWheel wheel_{start_};
};

struct Alarm : Timer::Listener {
  explicit Alarm(std::function<void()> then = {}) : what(std::move(then)) {}
  void on_timer(Timer&) override {
    ++rings;
    if (what) {
      what();
    }
  }

  int rings = 0;
  std::function<void()> what;
  Timer timer{*this};
};

TEST_F(TimerWheelTest, RingsOnceWhenItsTimeHasCome) {
  Alarm alarm;
  EXPECT_FALSE(alarm.timer.is_armed());
  arm(alarm.timer, 100ms);
  EXPECT_TRUE(alarm.timer.is_armed());
  advance_to(99ms);
  EXPECT_EQ(alarm.rings, 0);
  advance_to(100ms + TimerWheel::kTick);
  EXPECT_EQ(alarm.rings, 1);
  EXPECT_FALSE(alarm.timer.is_armed());
  advance_to(100s);
  EXPECT_EQ(alarm.rings, 1);
}

TEST_F(TimerWheelTest, RingsNeverTooEarlyAndAtMostOneTickLate) {
  for (milliseconds delay = 0ms; delay < 40ms; ++delay) {
    for (const auto within_tick : {0us, 1us, 4999us, 7999us}) {
      const TimePoint start = TimePoint(80ms) + within_tick;
      TimerWheel wheel(start);
      Alarm alarm;
      wheel.arm(alarm.timer, start + delay);
      TimePoint now = start;
      while (alarm.rings == 0) {
        now += 250us;
        wheel.advance(now);
      }
      EXPECT_GE(now, start + delay);
      EXPECT_LE(now, start + delay + TimerWheel::kTick + 250us);
    }
  }
}

TEST_F(TimerWheelTest, RingsAtOnceForATimeThatIsPast) {
  Alarm alarm;
  arm(alarm.timer, -5s);
  EXPECT_EQ(alarm.rings, 0);
  advance_to(TimerWheel::kTick);
  EXPECT_EQ(alarm.rings, 1);
}

TEST_F(TimerWheelTest, RingsLaterWhenItIsArmedLater) {
  Alarm alarm;
  arm(alarm.timer, 100ms);
  advance_to(50ms);
  arm(alarm.timer, 200ms);
  advance_to(199ms);
  EXPECT_EQ(alarm.rings, 0);
  advance_to(200ms + TimerWheel::kTick);
  EXPECT_EQ(alarm.rings, 1);
}

TEST_F(TimerWheelTest, RingsEarlierWhenItIsArmedEarlier) {
  Alarm alarm;
  arm(alarm.timer, 5s);
  arm(alarm.timer, 50ms);
  advance_to(50ms + TimerWheel::kTick);
  EXPECT_EQ(alarm.rings, 1);
  advance_to(10s);
  EXPECT_EQ(alarm.rings, 1);
}

TEST_F(TimerWheelTest, DoesNotRingWhenItIsDisarmed) {
  Alarm alarm;
  arm(alarm.timer, 10ms);
  wheel_.disarm(alarm.timer);
  EXPECT_FALSE(alarm.timer.is_armed());
  advance_to(1s);
  EXPECT_EQ(alarm.rings, 0);
  arm(alarm.timer, 2s);
  advance_to(3s);
  EXPECT_EQ(alarm.rings, 1);
}

TEST_F(TimerWheelTest, ServesTimesBeyondOneTurnOfTheWheel) {
  for (const milliseconds delay : {8'000ms, 8'184ms, 8'192ms, 8'200ms, 60'000ms, 3'600'000ms}) {
    TimerWheel wheel(start_);
    Alarm alarm;
    wheel.arm(alarm.timer, start_ + delay);
    for (milliseconds time = 0ms; time < delay; time += 7ms) {
      wheel.advance(start_ + time);
      ASSERT_EQ(alarm.rings, 0) << delay.count() << " at " << time.count();
    }
    wheel.advance(start_ + delay + TimerWheel::kTick);
    EXPECT_EQ(alarm.rings, 1) << delay.count();
  }
}

TEST_F(TimerWheelTest, RingsEverythingThatIsDueAfterAStandstill) {
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (milliseconds delay = 1ms; delay < 30s; delay += 111ms) {
    alarms.push_back(std::make_unique<Alarm>());
    arm(alarms.back()->timer, delay);
  }
  advance_to(20s);
  milliseconds delay = 1ms;
  for (const auto& alarm : alarms) {
    EXPECT_EQ(alarm->rings, delay + TimerWheel::kTick <= 20s ? 1 : 0) << delay.count();
    delay += 111ms;
  }
}

TEST_F(TimerWheelTest, KnowsWhenTheNextTimerMayBeDue) {
  EXPECT_FALSE(wheel_.next_due());
  Alarm late;
  arm(late.timer, 500ms);
  Alarm soon;
  arm(soon.timer, 100ms);
  ASSERT_TRUE(wheel_.next_due());
  EXPECT_GT(*wheel_.next_due(), start_ + 100ms);
  EXPECT_LE(*wheel_.next_due(), start_ + 100ms + TimerWheel::kTick);
  wheel_.advance(*wheel_.next_due());
  EXPECT_EQ(soon.rings, 1);
  wheel_.advance(*wheel_.next_due());
  EXPECT_EQ(late.rings, 1);
  EXPECT_FALSE(wheel_.next_due());
}

// The loop sleeps until next_due(): it must come to every timer, however far away, without a busy loop.
TEST_F(TimerWheelTest, ReachesAFarTimerByItsNextDueTimesAlone) {
  Alarm alarm;
  arm(alarm.timer, 10min);
  int turns = 0;
  while (alarm.rings == 0 && turns < 1000) {
    const auto due = wheel_.next_due();
    ASSERT_TRUE(due);
    wheel_.advance(*due);
    ++turns;
  }
  EXPECT_EQ(alarm.rings, 1);
  EXPECT_LT(turns, 100);
}

TEST_F(TimerWheelTest, IsForgottenWhenItIsDestroyed) {
  {
    Alarm alarm;
    arm(alarm.timer, 10ms);
  }
  EXPECT_FALSE(wheel_.next_due());
  advance_to(1s);
}

TEST_F(TimerWheelTest, MayArmItselfInItsOwnCallback) {
  Alarm alarm;
  alarm.what = [&] {
    if (alarm.rings < 3) {
      arm(alarm.timer, milliseconds(100) * (alarm.rings + 1));
    }
  };
  arm(alarm.timer, 100ms);
  for (milliseconds time = 0ms; time < 400ms; time += 1ms) {
    advance_to(time);
  }
  EXPECT_EQ(alarm.rings, 3);
}

TEST_F(TimerWheelTest, MayBeDestroyedInItsOwnCallback) {
  auto alarm = std::make_unique<Alarm>();
  bool rang = false;
  alarm->what = [&] {
    rang = true;
    alarm.reset();
  };
  arm(alarm->timer, 10ms);
  advance_to(1s);
  EXPECT_TRUE(rang);
}

// Three timers of one tick; whichever rings first does something to the others.
class TimersOfOneTick : public TimerWheelTest {
 protected:
  TimersOfOneTick() {
    for (auto& alarm : alarms_) {
      alarm = std::make_unique<Alarm>();
      arm(alarm->timer, 16ms);
    }
  }
  // The first one to ring does `what` to each of the others.
  void on_first(std::function<void(std::unique_ptr<Alarm>&)> what) {
    for (auto& alarm : alarms_) {
      alarm->what = [this, &alarm, what] {
        if (++rung_ == 1) {
          for (auto& other : alarms_) {
            if (&other != &alarm) {
              what(other);
            }
          }
        }
      };
    }
  }

  std::array<std::unique_ptr<Alarm>, 3> alarms_;
  int rung_ = 0;
};

TEST_F(TimersOfOneTick, MayBeDestroyedByOneOfThem) {
  on_first([](std::unique_ptr<Alarm>& other) { other.reset(); });
  advance_to(1s);
  EXPECT_EQ(rung_, 1);
}

TEST_F(TimersOfOneTick, MayBeDisarmedByOneOfThem) {
  on_first([this](std::unique_ptr<Alarm>& other) { wheel_.disarm(other->timer); });
  advance_to(1s);
  EXPECT_EQ(rung_, 1);
}

TEST_F(TimersOfOneTick, MayBeArmedLaterByOneOfThem) {
  on_first([this](std::unique_ptr<Alarm>& other) { arm(other->timer, 500ms); });
  advance_to(499ms);
  EXPECT_EQ(rung_, 1);
  advance_to(500ms + TimerWheel::kTick);
  EXPECT_EQ(rung_, 3);
}

TEST_F(TimersOfOneTick, MayBeArmedForThePastByOneOfThem) {
  on_first([this](std::unique_ptr<Alarm>& other) { arm(other->timer, -1s); });
  advance_to(100ms);
  EXPECT_EQ(rung_, 3);
}

// Whatever is armed, moved and disarmed in whatever order: each timer rings once, in its time.
TEST_F(TimerWheelTest, KeepsManyTimersThroughRandomChanges) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto upto = [&](int max) { return std::uniform_int_distribution<int>(0, max)(random); };
    TimerWheel wheel(start_);
    TimePoint now = start_;
    struct Checked : Timer::Listener {
      void on_timer(Timer&) override { rang = true; }
      TimePoint deadline{};
      bool expected = false;
      bool rang = false;
      Timer timer{*this};
    };
    std::vector<Checked> timers(2000);
    for (int step = 0; step < 3000; ++step) {
      for (int i = 0; i < 20; ++i) {
        Checked& timer = timers[static_cast<std::size_t>(upto(1999))];
        timer.expected = upto(4) != 0;
        if (timer.expected) {
          timer.deadline = now + microseconds(upto(upto(3) == 0 ? 20'000'000 : 200'000));
          wheel.arm(timer.timer, timer.deadline);
        } else {
          wheel.disarm(timer.timer);
        }
      }
      now += microseconds(upto(20'000));
      wheel.advance(now);
      for (Checked& timer : timers) {
        if (timer.rang) {
          ASSERT_TRUE(timer.expected && timer.deadline <= now);
          timer.expected = timer.rang = false;
        } else if (timer.expected) {
          ASSERT_LT(now, timer.deadline + TimerWheel::kTick);
        }
        ASSERT_EQ(timer.timer.is_armed(), timer.expected);
      }
    }
  }
}

}  // namespace
}  // namespace weir::net
