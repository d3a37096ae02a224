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

Delivery::Delivery(net::EventLoop& loop, TrafficLog& log, Shipper& shipper)
    : loop_(loop), log_(log), shipper_(shipper), signals_(watch_stop_signals()) {
  loop_.watch_level(signals_.value(), *this, net::EventLoop::Interest::Read);
}

Delivery::~Delivery() { loop_.forget(signals_.value()); }

void Delivery::on_io(net::Readiness) { is_stopped_ = true; }

bool Delivery::run() {
  shipper_.ask();
  while (!is_stopped_ && (shipper_.is_asking() || !log_.is_delivered())) {
    loop_.run_turn();
  }
  return !is_stopped_;
}

}  // namespace weir::traffic
