#include "proxy_worker/net/acceptor.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/log.h"
#include "proxy_worker/net/socket.h"

namespace weir::net {

namespace {

// So many, then the other connections get their turn.
constexpr int kAcceptsPerTurn = 64;
constexpr int kAcceptsAtStop = 4096;
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

Acceptor::Acceptor(EventLoop& loop, base::UniqueFd fd, Listener& listener)
    : loop_(loop), fd_(std::move(fd)), listener_(listener), address_(local_address(fd_.value()).value_or(base::SocketAddress{})) {
  loop_.watch_level(fd_.value(), *this, EventLoop::Interest::Read);
}

void Acceptor::stop() {
  for (int i = 0; fd_.is_open() && i < kAcceptsAtStop; ++i) {
    base::SocketAddress client;
    int error = 0;
    base::UniqueFd fd = accept_connection(fd_.value(), client, error);
    if (!fd.is_open()) {
      break;
    }
    listener_.on_connection(std::move(fd), client);
  }
  if (fd_.is_open()) {
    // The supervisor holds the same socket: closing our descriptor alone would leave it in epoll.
    loop_.forget(fd_.value());
    fd_.reset();
  }
  loop_.disarm(resume_timer_);
}

void Acceptor::on_io(Readiness) { accept_waiting(); }

void Acceptor::on_timer(Timer&) {
  loop_.watch_level(fd_.value(), *this, EventLoop::Interest::Read);
  accept_waiting();
}

void Acceptor::accept_waiting() {
  for (int i = 0; fd_.is_open() && i < kAcceptsPerTurn; ++i) {
    if (!listener_.has_room()) {
      return pause();
    }
    base::SocketAddress client;
    int error = 0;
    base::UniqueFd fd = accept_connection(fd_.value(), client, error);
    if (fd.is_open()) {
      listener_.on_connection(std::move(fd), client);
      continue;
    }
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      base::log_warning("cannot accept a connection: " + std::string(std::strerror(error)));
      return pause();
    }
    if (error == 0) {
      return;
    }
    // Anything else concerns that one connection alone (accept(2)): the next one may be fine.
  }
}

void Acceptor::pause() {
  loop_.watch_level(fd_.value(), *this, EventLoop::Interest::None);
  loop_.arm(resume_timer_, loop_.now() + kPause);
}

}  // namespace weir::net
