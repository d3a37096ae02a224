// Turns an event loop for a test: until something is so, or until it has clearly gone wrong. The loop wakes up every few
// milliseconds, because what a test waits for may happen outside of it.
#pragma once

#include <chrono>

#include "proxy_worker/net/event_loop.h"

namespace weir::tests {

class LoopRunner : private net::Timer::Listener {
 public:
  explicit LoopRunner(net::EventLoop& loop) : loop_(loop) { loop_.arm(tick_, loop_.now() + kTick); }

  // Whether `is_so` became true before `patience` was over.
  template <class Condition>
  bool until(Condition is_so, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!is_so()) {
      if (std::chrono::steady_clock::now() >= end) {
        return false;
      }
      loop_.run_turn();
    }
    return true;
  }

  // Turns the loop for this long.
  void run_for(std::chrono::milliseconds time) {
    (void)until([] { return false; }, time);
  }

 private:
  static constexpr std::chrono::milliseconds kTick{5};

  void on_timer(net::Timer&) override { loop_.arm(tick_, loop_.now() + kTick); }

  net::EventLoop& loop_;
  net::Timer tick_{*this};
};

}  // namespace weir::tests
