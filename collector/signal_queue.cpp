#include "collector/signal_queue.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace weir::collector {

std::optional<SignalQueue> SignalQueue::open(std::string& error) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  base::UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.is_open()) {
    error = std::string("cannot watch signals: ") + std::strerror(errno);
    return std::nullopt;
  }
  return SignalQueue(std::move(fd));
}

std::optional<int> SignalQueue::next() {
  signalfd_siginfo info{};
  const bool has_one = ::read(fd_.value(), &info, sizeof info) == static_cast<ssize_t>(sizeof info);
  return has_one ? std::optional(static_cast<int>(info.ssi_signo)) : std::nullopt;
}

}  // namespace weir::collector
