#include "proxy_worker/net/socket.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace weir::net {

namespace {

constexpr int kBacklog = 4096;

IoResult outcome(ssize_t bytes) {
  if (bytes > 0) {
    return {IoResult::Kind::Progress, static_cast<std::size_t>(bytes), 0};
  }
  if (bytes == 0) {
    return {IoResult::Kind::End, 0, 0};
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    return {IoResult::Kind::WouldBlock, 0, 0};
  }
  return {IoResult::Kind::Failed, 0, errno};
}

struct NativeAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

NativeAddress to_native(const base::SocketAddress& address) {
  NativeAddress native;
  const std::string_view octets = address.address.packed();
  if (address.address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&native.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    std::memcpy(&v4->sin_addr, octets.data(), octets.size());
    native.size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&native.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    std::memcpy(&v6->sin6_addr, octets.data(), octets.size());
    native.size = sizeof *v6;
  }
  return native;
}

std::optional<base::SocketAddress> from_native(const NativeAddress& native) {
  base::SocketAddress address;
  if (native.storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&native.storage);
    address.address = *base::IpAddress::from_octets({reinterpret_cast<const char*>(&v4->sin_addr), 4});
    address.port = ntohs(v4->sin_port);
    return address;
  }
  if (native.storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&native.storage);
    address.address = *base::IpAddress::from_octets({reinterpret_cast<const char*>(&v6->sin6_addr), 16});
    address.port = ntohs(v6->sin6_port);
    return address;
  }
  return std::nullopt;
}

void set_option(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

}  // namespace

IoResult read_socket(int fd, std::span<char> into) { return outcome(::recv(fd, into.data(), into.size(), 0)); }

IoResult write_socket(int fd, std::span<const iovec> parts) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  return outcome(::sendmsg(fd, &message, MSG_NOSIGNAL));
}

base::UniqueFd listen_on(const base::SocketAddress& address, std::string& error) {
  NativeAddress native = to_native(address);
  base::UniqueFd fd(::socket(native.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  set_option(fd.value(), SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd.value(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (native.storage.ss_family == AF_INET6) {
    // "::" stands for every address of both families; any other address is IPv6 alone.
    set_option(fd.value(), IPPROTO_IPV6, IPV6_V6ONLY, address.address == base::IpAddress() ? 0 : 1);
  }
  if (!fd.is_open() || ::bind(fd.value(), native.get(), native.size) < 0 || ::listen(fd.value(), kBacklog) < 0) {
    error = "cannot listen on " + address.to_string() + ": " + std::strerror(errno);
    return {};
  }
  return fd;
}

base::UniqueFd accept_connection(int listener, base::SocketAddress& client, int& error) {
  NativeAddress native;
  base::UniqueFd fd(::accept4(listener, native.get(), &native.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.is_open()) {
    error = errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno;
    return {};
  }
  set_option(fd.value(), IPPROTO_TCP, TCP_NODELAY, 1);
  client = from_native(native).value_or(base::SocketAddress{});
  return fd;
}

base::UniqueFd start_connect(const base::SocketAddress& to, int& error) {
  NativeAddress native = to_native(to);
  base::UniqueFd fd(::socket(native.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    error = errno;
    return {};
  }
  set_option(fd.value(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (::connect(fd.value(), native.get(), native.size) < 0 && errno != EINPROGRESS) {
    error = errno;
    return {};
  }
  error = 0;
  return fd;
}

int connect_outcome(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

std::optional<base::SocketAddress> local_address(int fd) {
  NativeAddress native;
  if (::getsockname(fd, native.get(), &native.size) < 0) {
    return std::nullopt;
  }
  return from_native(native);
}

bool is_of_this_machine(const base::IpAddress& address) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) < 0) {
    return true;  // Rather one request too few than a way around every limit.
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const auto* native = entry->ifa_addr;
    if (native == nullptr || (native->sa_family != AF_INET && native->sa_family != AF_INET6)) {
      continue;
    }
    NativeAddress known;
    known.size = native->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&known.storage, native, known.size);
    if (const auto parsed = from_native(known); parsed && parsed->address == address) {
      return true;
    }
  }
  return false;
}

bool is_silent_and_open(int fd) {
  char octet = 0;
  const ssize_t result = ::recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool has_unread_octets(int fd) {
  char octet = 0;
  return ::recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void shutdown_write(int fd) { ::shutdown(fd, SHUT_WR); }

void reset_on_close(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace weir::net
