#include "bench/load/event_loop.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace weir::load {

namespace {

constexpr int kEventsPerTurn = 256;

void control(int epoll, int operation, int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  if (::epoll_ctl(epoll, operation, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
}

void EventLoop::adopt(std::unique_ptr<Watcher> watcher) {
  Watcher* const key = watcher.get();
  watchers_.emplace(key, std::move(watcher));
}

void EventLoop::watch(int fd, std::uint32_t events, Watcher& watcher) { control(epoll_.value(), EPOLL_CTL_ADD, fd, events, watcher); }

void EventLoop::change(int fd, std::uint32_t events, Watcher& watcher) { control(epoll_.value(), EPOLL_CTL_MOD, fd, events, watcher); }

void EventLoop::turn(std::chrono::milliseconds patience) {
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = ::epoll_wait(epoll_.value(), events.data(), kEventsPerTurn, static_cast<int>(patience.count()));
  if (count < 0 && errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "epoll_wait");
  }
  // A watcher has one descriptor, so it is at most once among the events: none meets one that is gone.
  for (int index = 0; index < count; ++index) {
    const epoll_event& event = events[static_cast<std::size_t>(index)];
    auto* const watcher = static_cast<Watcher*>(event.data.ptr);
    if (watcher->on_ready(event.events) == Next::Finished) {
      watchers_.erase(watcher);
    }
  }
}

}  // namespace weir::load
