// Lets a log line through once in a while, so that a fault that repeats does not fill the operation log.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace weir::collector {

class Throttle {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Throttle(std::chrono::seconds interval = std::chrono::seconds(10)) : interval_(interval) {}

  // Whether to speak now; if not, the occasion is counted.
  bool admits(Clock::time_point now) {
    if (last_ != Clock::time_point{} && now - last_ < interval_) {
      ++held_back_;
      return false;
    }
    last_ = now;
    return true;
  }

  // " (7 more since the last such line)", or nothing; begins to count anew.
  std::string take_held_back() {
    const std::uint64_t count = std::exchange(held_back_, 0);
    return count == 0 ? std::string() : " (" + std::to_string(count) + " more since the last such line)";
  }

 private:
  std::chrono::seconds interval_;
  Clock::time_point last_{};
  std::uint64_t held_back_ = 0;
};

}  // namespace weir::collector
