#include "bench/load/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace weir::load {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kPendingBytesMax = 4 * 1024 * 1024;
constexpr int kBacklog = 4096;

// Reads, lets `respond` turn what has arrived into an answer, and writes that as the other side takes it.
class Connection final : public Watcher {
 public:
  // Consumes what it can from `input`, appends to `output`; false to close.
  using Respond = std::function<bool(std::string& input, std::string& output)>;

  Connection(EventLoop& loop, base::UniqueFd fd, Respond respond) : loop_(loop), fd_(std::move(fd)), respond_(std::move(respond)) {
    loop_.watch(fd_.value(), EPOLLIN, *this);
  }

  Next on_ready(std::uint32_t events) override {
    if ((events & EPOLLOUT) == 0 && !read()) {
      return Next::Finished;
    }
    return respond_(input_, output_) && output_.size() <= kPendingBytesMax && write() ? Next::Wait : Next::Finished;
  }

 private:
  bool read() {
    std::array<char, kReadBytes> buffer;
    const ssize_t count = ::recv(fd_.value(), buffer.data(), buffer.size(), 0);
    if (count > 0) {
      input_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return count > 0 || (count < 0 && errno == EAGAIN);
  }

  bool write() {
    if (!output_.empty()) {
      const ssize_t count = ::send(fd_.value(), output_.data(), output_.size(), MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN) {
        return false;
      }
      output_.erase(0, count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    // Nothing more is read while the other side does not take the answer.
    const std::uint32_t wanted = output_.empty() ? EPOLLIN : EPOLLOUT;
    if (wanted != watched_) {
      loop_.change(fd_.value(), wanted, *this);
      watched_ = wanted;
    }
    return true;
  }

  EventLoop& loop_;  // owns this
  base::UniqueFd fd_;
  Respond respond_;
  std::string input_;
  std::string output_;
  std::uint32_t watched_ = EPOLLIN;
};

class Listener final : public Watcher {
 public:
  Listener(EventLoop& loop, Connection::Respond respond, OriginTally& tally)
      : loop_(loop), respond_(std::move(respond)), tally_(tally), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (!fd_.is_open() || ::bind(fd_.value(), generic, length) != 0 || ::listen(fd_.value(), kBacklog) != 0 ||
        ::getsockname(fd_.value(), generic, &length) != 0) {
      throw std::system_error(errno, std::generic_category(), "the origin's socket");
    }
    port_ = ntohs(address.sin_port);
    loop_.watch(fd_.value(), EPOLLIN, *this);
  }

  std::uint16_t port() const { return port_; }

  Next on_ready(std::uint32_t) override {
    while (true) {
      base::UniqueFd accepted(::accept4(fd_.value(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!accepted.is_open()) {
        return Next::Wait;
      }
      const int on = 1;
      ::setsockopt(accepted.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ++tally_.connections;
      loop_.adopt(std::make_unique<Connection>(loop_, std::move(accepted), respond_));
    }
  }

 private:
  EventLoop& loop_;  // owns this
  Connection::Respond respond_;
  OriginTally& tally_;
  base::UniqueFd fd_;
  std::uint16_t port_ = 0;
};

std::uint16_t listen_with(EventLoop& loop, Connection::Respond respond, OriginTally& tally) {
  auto listener = std::make_unique<Listener>(loop, std::move(respond), tally);
  const std::uint16_t port = listener->port();
  loop.adopt(std::move(listener));
  return port;
}

}  // namespace

std::uint16_t listen_for_http(EventLoop& loop, const std::string& response, OriginTally& tally) {
  return listen_with(
      loop,
      [&response, &tally](std::string& input, std::string& output) {
        for (std::size_t end = input.find("\r\n\r\n"); end != std::string::npos; end = input.find("\r\n\r\n")) {
          if (!input.starts_with("GET /load HTTP/1.1\r\n")) {
            ++tally.bad_requests;
            return false;
          }
          ++tally.requests;
          output += response;
          input.erase(0, end + 4);
        }
        return true;
      },
      tally);
}

std::uint16_t listen_for_echo(EventLoop& loop, OriginTally& tally) {
  return listen_with(
      loop,
      [](std::string& input, std::string& output) {
        output += input;
        input.clear();
        return true;
      },
      tally);
}

}  // namespace weir::load
