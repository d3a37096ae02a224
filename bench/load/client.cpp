#include "bench/load/client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weir::load {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// A proxy that fails this often is not worth measuring.
constexpr std::uint64_t kFailuresMax = 1000;

// A source address with its port left to connect(2), which then may use a port that another destination uses.
void bind_source(int fd, unsigned last_octet) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in source{};
  source.sin_family = AF_INET;
  source.sin_addr.s_addr = htonl((127U << 24U) + last_octet);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source);
}

std::string_view name_of(ResponseReader::State state) {
  switch (state) {
    case ResponseReader::State::WrongStatus: return "wrong status";
    case ResponseReader::State::WrongLength: return "wrong length";
    case ResponseReader::State::WrongContent: return "wrong content";
    case ResponseReader::State::Incomplete:
    case ResponseReader::State::Complete: break;
  }
  return "";
}

}  // namespace

Client::Client(EventLoop& loop, const Plan& plan, Tally& tally, unsigned number, unsigned& running)
    : loop_(loop), plan_(plan), tally_(tally), running_(running), next_source_(number % plan.sources), reader_(plan.body) {
  ++running_;
  if (!connect()) {
    tally_.add_failure("connect");  // It stays without a socket, and is reported as unfinished.
  }
}

Client::~Client() { --running_; }

bool Client::connect() {
  began_ = Clock::now();
  phase_ = Phase::Connecting;
  fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.is_open()) {
    return false;
  }
  const int on = 1;
  ::setsockopt(fd_.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (plan_.sources > 1) {
    bind_source(fd_.value(), 1 + next_source_);
    next_source_ = (next_source_ + 1) % plan_.sources;
  }
  if (::connect(fd_.value(), reinterpret_cast<const sockaddr*>(&plan_.proxy), sizeof plan_.proxy) != 0 && errno != EINPROGRESS) {
    return false;
  }
  loop_.watch(fd_.value(), EPOLLIN | EPOLLOUT, *this);
  return true;
}

Next Client::on_ready(std::uint32_t events) {
  if (phase_ == Phase::Connecting) {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_.value(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0 || (events & EPOLLOUT) == 0) {
      return fail("connect: " + std::string(std::strerror(error)));
    }
    loop_.change(fd_.value(), EPOLLIN, *this);
    return ask();
  }
  std::array<char, kReadBytes> buffer;
  const ssize_t count = ::recv(fd_.value(), buffer.data(), buffer.size(), 0);
  if (count <= 0) {
    return count < 0 && errno == EAGAIN ? Next::Wait : fail(count == 0 ? "closed early" : std::strerror(errno));
  }
  return take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
}

Next Client::ask() {
  if (plan_.pattern == Pattern::Tunnel) {
    phase_ = Phase::OpeningTunnel;
    reader_.expect_head_alone();
  } else {
    phase_ = Phase::AwaitingResponse;
    reader_.expect_whole();
  }
  return send(plan_.request) ? Next::Wait : fail("send");
}

Next Client::take(std::string_view octets) {
  if (phase_ == Phase::AwaitingEcho) {
    return take_echo(octets);
  }
  const ResponseReader::State state = reader_.take(octets);
  if (state == ResponseReader::State::Incomplete) {
    return Next::Wait;
  }
  if (state != ResponseReader::State::Complete) {
    return fail(std::string(name_of(state)));
  }
  if (phase_ == Phase::AwaitingResponse) {
    return complete();
  }
  phase_ = Phase::AwaitingEcho;
  echoed_ = 0;
  return send(plan_.echo) ? Next::Wait : fail("send");
}

Next Client::take_echo(std::string_view octets) {
  if (octets.size() > plan_.echo.size() - echoed_ || std::string_view(plan_.echo).substr(echoed_, octets.size()) != octets) {
    return fail("wrong echo");
  }
  echoed_ += octets.size();
  return echoed_ == plan_.echo.size() ? complete() : Next::Wait;
}

Next Client::complete() {
  const Clock::time_point now = Clock::now();
  tally_.add(began_, now);
  if (plan_.is_stopping) {
    return Next::Finished;
  }
  if (plan_.pattern == Pattern::KeepAlive) {
    began_ = now;
    return ask();
  }
  return connect() ? Next::Wait : fail("connect");
}

Next Client::fail(const std::string& kind) {
  tally_.add_failure(kind);
  const bool goes_on = !plan_.is_stopping && tally_.failure_count() < kFailuresMax;
  return goes_on && connect() ? Next::Wait : Next::Finished;
}

// The kernel takes so little at once, or the connection is broken.
bool Client::send(std::string_view octets) {
  return ::send(fd_.value(), octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
}

}  // namespace weir::load
