#include "proxy_worker/net/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/base/log.h"

namespace weir::net {

namespace {

constexpr int kEventsPerTurn = 256;
// Even without timers the loop looks around once in a while.
constexpr int kWaitMsMax = 60'000;

Readiness readiness_of(std::uint32_t events) {
  return {.readable = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
          .writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
          .read_closed = (events & (EPOLLRDHUP | EPOLLHUP)) != 0,
          .failed = (events & (EPOLLERR | EPOLLHUP)) != 0};
}

[[noreturn]] void die(const char* what) {
  base::log_error(std::string(what) + ": " + std::strerror(errno));
  std::abort();
}

}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), now_(std::chrono::steady_clock::now()), timers_(now_) {
  if (!epoll_.is_open()) {
    die("epoll_create1");
  }
}

void EventLoop::watch_edges(int fd, IoListener& listener) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
  event.data.ptr = &listener;
  if (::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, fd, &event) < 0) {
    if (errno != EEXIST || ::epoll_ctl(epoll_.value(), EPOLL_CTL_MOD, fd, &event) < 0) {
      die("epoll_ctl");
    }
  }
}

void EventLoop::watch_level(int fd, IoListener& listener, Interest interest) {
  epoll_event event{};
  event.events = (interest == Interest::Read || interest == Interest::ReadWrite ? std::uint32_t{EPOLLIN} : 0u) |
                 (interest == Interest::Write || interest == Interest::ReadWrite ? std::uint32_t{EPOLLOUT} : 0u);
  event.data.ptr = &listener;
  if (::epoll_ctl(epoll_.value(), EPOLL_CTL_MOD, fd, &event) < 0 &&
      (errno != ENOENT || ::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, fd, &event) < 0)) {
    die("epoll_ctl");
  }
}

void EventLoop::forget(int fd) {
  ::epoll_ctl(epoll_.value(), EPOLL_CTL_DEL, fd, nullptr);
}

TimePoint EventLoop::read_clock() {
  now_ = std::chrono::steady_clock::now();
  return now_;
}

void EventLoop::run_at_turn_end(Task& task) {
  if (!task.is_queued_) {
    task.is_queued_ = true;
    tasks_.push_back(&task);
  }
}

void EventLoop::cancel(Task& task) {
  if (task.is_queued_) {
    std::erase(tasks_, &task);
    std::replace(running_tasks_.begin(), running_tasks_.end(), &task, static_cast<Task*>(nullptr));
    task.is_queued_ = false;
  }
}

void EventLoop::retire(std::unique_ptr<Retirable> object) {
  if (object != nullptr) {
    retired_.push_back(std::move(object));
  }
}

int EventLoop::wait_ms() const {
  if (!tasks_.empty()) {
    return 0;
  }
  const auto due = timers_.next_due();
  if (!due) {
    return kWaitMsMax;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kWaitMsMax));
}

void EventLoop::run_turn() {
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = ::epoll_wait(epoll_.value(), events.data(), kEventsPerTurn, wait_ms());
  if (count < 0 && errno != EINTR) {
    die("epoll_wait");
  }
  read_clock();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<IoListener*>(event.data.ptr)->on_io(readiness_of(event.events));
  }
  timers_.advance(now_);
  run_tasks();
  // What a destructor retires is freed a turn later.
  std::vector<std::unique_ptr<Retirable>>(std::move(retired_)).clear();
  retired_.clear();
}

void EventLoop::run_tasks() {
  running_tasks_.swap(tasks_);
  for (Task*& task : running_tasks_) {
    if (task != nullptr) {
      task->is_queued_ = false;
      task->run();
    }
  }
  running_tasks_.clear();
}

}  // namespace weir::net
