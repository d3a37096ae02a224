// Deadlines for many connections at nearly no cost: arming a timer later than it was is one store, because a timer that
// comes up too early is simply filed again. One event loop, one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weir::net {

using TimePoint = std::chrono::steady_clock::time_point;

class TimerWheel;

// A deadline and what happens then. Its owner derives from Listener; destroying a timer disarms it.
class Timer {
 public:
  class Listener {
   public:
    virtual void on_timer(Timer& timer) = 0;

   protected:
    ~Listener() = default;
  };

  explicit Timer(Listener& listener) : listener_(&listener) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { unlink(); }

  bool is_armed() const { return armed_; }

 private:
  friend class TimerWheel;
  void unlink();

  Listener* listener_;
  TimePoint deadline_{};
  TimePoint filed_{};          // the slot that it is in; never later than deadline_
  Timer* next_ = nullptr;
  Timer** previous_ = nullptr;  // what points at this one; nullptr while it is in no slot
  bool armed_ = false;
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{8};

  explicit TimerWheel(TimePoint start) : now_(start) {}

  void arm(Timer& timer, TimePoint deadline);
  void disarm(Timer& timer) { timer.armed_ = false; }
  // When the next slot with a timer in it is due; nothing when there is none.
  std::optional<TimePoint> next_due() const;
  // Calls the listeners whose deadline is not after `now`.
  void advance(TimePoint now);

 private:
  static constexpr std::size_t kSlots = 1024;

  static std::int64_t tick_of(TimePoint time) { return time.time_since_epoch() / kTick; }
  void file(Timer& timer, TimePoint at);
  void run_slot(std::size_t slot);

  TimePoint now_;
  std::array<Timer*, kSlots> slots_{};
};

}  // namespace weir::net
