#include "proxy_worker/traffic/delivery.h"

#include <sys/signalfd.h>

#include <csignal>

namespace weir::traffic {

namespace {

base::UniqueFd watch_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return base::UniqueFd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

}  // namespace

Delivery::Delivery(net::EventLoop& loop, TrafficLog& log) : loop_(loop), log_(log), signals_(watch_stop_signals()) {
  loop_.watch_level(signals_.value(), *this, net::EventLoop::Interest::Read);
}

Delivery::~Delivery() { loop_.forget(signals_.value()); }

void Delivery::on_io(net::Readiness) { is_stopped_ = true; }

bool Delivery::run() {
  while (!is_stopped_ && !log_.is_delivered()) {
    loop_.run_turn();
  }
  return log_.is_delivered();
}

}  // namespace weir::traffic
