#include "tests/proxy_worker/loopback.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "proxy_worker/net/socket.h"

namespace weir::tests {

namespace {

constexpr int kSmallBufferBytes = 128 * 1024;  // twice the largest segment on loopback: less makes TCP crawl

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("loopback: " + what); }

void make_small(int fd) {
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kSmallBufferBytes, sizeof kSmallBufferBytes);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSmallBufferBytes, sizeof kSmallBufferBytes);
}

void wait_for(int fd, short events) {
  pollfd poll{fd, events, 0};
  if (::poll(&poll, 1, 20'000) != 1) {
    fail("nothing happened for too long");
  }
}

}  // namespace

base::UniqueFd Listener::accept() const {
  base::SocketAddress client;
  int error = 0;
  return net::accept_connection(fd.value(), client, error);
}

Listener listen_on_loopback(const std::string& address) {
  Listener listener;
  std::string error;
  listener.fd = net::listen_on({*base::IpAddress::parse(address), 0}, error);
  if (!listener.fd.is_open()) {
    fail(error);
  }
  listener.address = *net::local_address(listener.fd.value());
  return listener;
}

ConnectedPair connect_pair(Buffers buffers) {
  const Listener listener = listen_on_loopback();
  if (buffers == Buffers::Small) {
    make_small(listener.fd.value());  // A connection inherits them.
  }
  ConnectedPair pair;
  int error = 0;
  pair.near = net::start_connect(listener.address, error);
  if (buffers == Buffers::Small) {
    make_small(pair.near.value());
  }
  wait_for(listener.fd.value(), POLLIN);
  pair.far = listener.accept();
  wait_for(pair.near.value(), POLLOUT);
  return pair;
}

UnusedPort unused_port() {
  UnusedPort unused{base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(unused.holder.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    fail("cannot bind");
  }
  unused.port = net::local_address(unused.holder.value())->port;
  return unused;
}

void receive_some(int fd, Received& received, std::size_t bytes_max) {
  char buffer[16 * 1024];
  while (bytes_max > 0 && !received.end && !received.reset) {
    const ssize_t count = ::recv(fd, buffer, std::min(bytes_max, sizeof buffer), 0);
    if (count > 0) {
      received.bytes.append(buffer, static_cast<std::size_t>(count));
      bytes_max -= static_cast<std::size_t>(count);
    } else if (count == 0) {
      received.end = true;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else {
      received.reset = true;
    }
  }
}

void send_all(int fd, std::string_view bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    fail("cannot send");
  }
}

}  // namespace weir::tests
