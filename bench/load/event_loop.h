// One thread's epoll loop for the load program: owns its watchers, and destroys one that says it has finished.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "common/base/unique_fd.h"

namespace weir::load {

enum class Next { Wait, Finished };

// Something with one descriptor at a time.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Called with EPOLL* bits. After Finished the watcher is gone.
  virtual Next on_ready(std::uint32_t events) = 0;
};

class EventLoop {
 public:
  EventLoop();

  void adopt(std::unique_ptr<Watcher> watcher);
  // Starts watching a descriptor, level-triggered; ends by itself when the descriptor is closed.
  void watch(int fd, std::uint32_t events, Watcher& watcher);
  void change(int fd, std::uint32_t events, Watcher& watcher);
  // Waits at most `patience` for events, and handles them.
  void turn(std::chrono::milliseconds patience);

 private:
  base::UniqueFd epoll_;
  std::unordered_map<Watcher*, std::unique_ptr<Watcher>> watchers_;
};

}  // namespace weir::load
