#include "proxy_worker/net/timer_wheel.h"

#include <algorithm>
#include <utility>

namespace weir::net {

void Timer::unlink() {
  if (previous_ != nullptr) {
    *previous_ = next_;
    if (next_ != nullptr) {
      next_->previous_ = previous_;
    }
    previous_ = nullptr;
    next_ = nullptr;
  }
}

void TimerWheel::arm(Timer& timer, TimePoint deadline) {
  timer.deadline_ = deadline;
  timer.armed_ = true;
  if (timer.previous_ == nullptr || deadline < timer.filed_) {
    timer.unlink();
    file(timer, deadline);
  }
}

void TimerWheel::file(Timer& timer, TimePoint at) {
  // Beyond one turn of the wheel a timer waits in the last slot and is filed again from there. A deadline falls into
  // the tick after it, so that nothing comes up too early.
  const std::int64_t now_tick = tick_of(now_);
  const std::int64_t tick = std::clamp(tick_of(at) + 1, now_tick + 1, now_tick + static_cast<std::int64_t>(kSlots) - 1);
  timer.filed_ = TimePoint(tick * kTick);
  Timer*& slot = slots_[static_cast<std::size_t>(tick) % kSlots];
  timer.next_ = slot;
  timer.previous_ = &slot;
  if (slot != nullptr) {
    slot->previous_ = &timer.next_;
  }
  slot = &timer;
}

std::optional<TimePoint> TimerWheel::next_due() const {
  const std::int64_t now_tick = tick_of(now_);
  for (std::int64_t tick = now_tick + 1; tick < now_tick + static_cast<std::int64_t>(kSlots); ++tick) {
    if (slots_[static_cast<std::size_t>(tick) % kSlots] != nullptr) {
      return TimePoint(tick * kTick);
    }
  }
  return std::nullopt;
}

void TimerWheel::advance(TimePoint now) {
  const std::int64_t target = tick_of(now);
  std::int64_t tick = std::max(tick_of(now_) + 1, target - static_cast<std::int64_t>(kSlots) + 1);
  for (; tick <= target; ++tick) {
    now_ = TimePoint(tick * kTick);
    run_slot(static_cast<std::size_t>(tick) % kSlots);
  }
  now_ = std::max(now_, now);
}

void TimerWheel::run_slot(std::size_t slot) {
  // A listener may arm, disarm or destroy any timer: the slot's list moves to one of our own, and shrinks from its head.
  Timer* due = std::exchange(slots_[slot], nullptr);
  if (due != nullptr) {
    due->previous_ = &due;
  }
  while (due != nullptr) {
    Timer& timer = *due;
    timer.unlink();
    if (!timer.armed_) {
      continue;
    }
    if (timer.deadline_ > now_) {
      file(timer, timer.deadline_);
      continue;
    }
    timer.armed_ = false;
    timer.listener_->on_timer(timer);
  }
}

}  // namespace weir::net
