// The worker's one loop: epoll (edge-triggered for streams), timers, and work put off to the end of a turn.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/unique_fd.h"
#include "proxy_worker/net/timer_wheel.h"

namespace weir::net {

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool read_closed = false;  // the other side has sent its last octet
  bool failed = false;       // an error waits on the socket, or both directions are closed
};

class IoListener {
 public:
  virtual void on_io(Readiness readiness) = 0;

 protected:
  ~IoListener() = default;
};

// Something to do after the events of this turn; queued at most once at a time.
class Task {
 public:
  virtual void run() = 0;

 protected:
  ~Task() = default;

 private:
  friend class EventLoop;
  bool is_queued_ = false;
};

// An object that events of this turn may still name. It is not destroyed but retired, and freed when the turn is over.
class Retirable {
 public:
  virtual ~Retirable() = default;
};

class EventLoop {
 public:
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Reports every change from not ready to ready once (edge-triggered). The listener outlives the descriptor's last
  // event: it is destroyed at the end of a turn at the earliest (see run_at_turn_end).
  void watch_edges(int fd, IoListener& listener);
  // Reports for as long as it lasts (level-triggered); calling it again changes what is reported.
  enum class Interest : std::uint8_t { None, Read, Write, ReadWrite };
  void watch_level(int fd, IoListener& listener, Interest interest);
  void forget(int fd);

  TimePoint now() const { return now_; }
  // Reads the clock anew: for measurements inside a long turn.
  TimePoint read_clock();
  void arm(Timer& timer, TimePoint deadline) { timers_.arm(timer, deadline); }
  void disarm(Timer& timer) { timers_.disarm(timer); }

  // Runs once, when this turn's events are done. A task queued meanwhile runs in the next turn, which does not sleep.
  void run_at_turn_end(Task& task);
  void cancel(Task& task);
  // Takes the object and frees it at the end of this turn. Its descriptors are closed and its timers disarmed already.
  void retire(std::unique_ptr<Retirable> object);

  // Waits for events and handles them, once.
  void run_turn();

 private:
  int wait_ms() const;
  void run_tasks();

  base::UniqueFd epoll_;
  TimePoint now_;
  TimerWheel timers_;
  std::vector<Task*> tasks_;
  std::vector<Task*> running_tasks_;
  std::vector<std::unique_ptr<Retirable>> retired_;
};

}  // namespace weir::net
