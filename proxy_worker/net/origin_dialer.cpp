#include "proxy_worker/net/origin_dialer.h"

#include <algorithm>
#include <cerrno>

#include "common/policy/embedded_v4.h"
#include "proxy_worker/net/socket.h"

namespace weir::net {

namespace {

constexpr std::size_t kCandidatesMax = 16;  // addresses of one name that are tried
constexpr std::chrono::milliseconds kNextAttemptDelay{250};  // RFC 8305 section 5

DialFailure failure_of(ResolveStatus status) {
  switch (status) {
    case ResolveStatus::Found:
      return DialFailure::None;
    case ResolveStatus::NoSuchName:
      return DialFailure::NoSuchName;
    case ResolveStatus::TimedOut:
      return DialFailure::NameTimedOut;
    case ResolveStatus::Failed:
      return DialFailure::NameFailed;
  }
  return DialFailure::NameFailed;
}

// Alternates between the families, beginning with that of the first address (RFC 8305 section 4).
std::vector<base::IpAddress> interleave(const std::vector<base::IpAddress>& addresses) {
  std::vector<base::IpAddress> first;
  std::vector<base::IpAddress> second;
  for (const base::IpAddress& address : addresses) {
    (address.is_v4() == addresses.front().is_v4() ? first : second).push_back(address);
  }
  std::vector<base::IpAddress> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) {
      mixed.push_back(first[i]);
    }
    if (i < second.size()) {
      mixed.push_back(second[i]);
    }
  }
  return mixed;
}

bool is_unspecified(const base::IpAddress& address) {
  static const base::IpAddress v4 = *base::IpAddress::parse("0.0.0.0");
  return address == base::IpAddress() || address == v4;
}

// Whether a connection to `destination` comes to whoever listens at `own`. The unspecified address is everywhere as an
// own address, and this machine's loopback as a destination.
bool is_reached_at(const base::IpAddress& own, const base::IpAddress& destination) {
  const bool is_loopback = is_unspecified(destination) || base::any_contains(base::loopback_networks(), destination);
  if (is_unspecified(own)) {
    return is_loopback || is_of_this_machine(destination);
  }
  return own == destination || (is_unspecified(destination) && base::any_contains(base::loopback_networks(), own));
}

}  // namespace

// One connection under way. Until it is connected it is watched through a Stream of its own.
struct OriginDial::Attempt : Stream::Listener {
  ~Attempt() {
    if (stream != nullptr) {
      stream->close();
      dial.context_.loop.retire(std::move(stream));
    }
  }
  Attempt(OriginDial& owner, base::SocketAddress to, base::UniqueFd fd)
      : dial(owner), address(to), stream(std::make_unique<Stream>(owner.context_.loop, std::move(fd))) {
    stream->set_listener(this);
  }
  void on_stream(Stream&) override { dial.on_attempt_ended(*this); }

  OriginDial& dial;
  base::SocketAddress address;
  std::unique_ptr<Stream> stream;
};

OriginDial::OriginDial(DialContext& context, Listener& listener) : context_(context), listener_(listener) {}

OriginDial::~OriginDial() = default;

void OriginDial::start(const DialTarget& target) {
  port_ = target.port;
  if (target.literal) {
    return use({*target.literal});
  }
  context_.loop.arm(deadline_, context_.loop.now() + context_.limits.dns);
  if (const Resolution* known = context_.resolver.resolve(target.host, *this)) {
    on_resolved(Resolution(*known));
  }
}

void OriginDial::on_resolved(const Resolution& resolution) {
  if (resolution.status != ResolveStatus::Found) {
    return fail(failure_of(resolution.status));
  }
  listener_.on_resolved_name();
  use(resolution.addresses);
}

// Also by an IPv6 address that a translator on the way would turn into the own one.
bool OriginDial::is_own_address(const base::SocketAddress& address) const {
  const auto is_own = [&](const base::IpAddress& at) {
    return std::any_of(context_.own_addresses.begin(), context_.own_addresses.end(),
                       [&](const base::SocketAddress& own) { return own.port == address.port && is_reached_at(own.address, at); });
  };
  const auto embedded = policy::embedded_v4(address.address);
  return is_own(address.address) || std::any_of(embedded.begin(), embedded.end(), is_own);
}

void OriginDial::use(const std::vector<base::IpAddress>& addresses) {
  bool met_own = false;
  for (const base::IpAddress& address : interleave(addresses)) {
    const base::SocketAddress candidate{address, port_};
    const bool is_own = is_own_address(candidate);
    met_own = met_own || is_own;
    if (!is_own && candidates_.size() < kCandidatesMax && context_.guard.permits(address)) {
      candidates_.push_back(candidate);
    }
  }
  if (candidates_.empty()) {
    return fail(met_own ? DialFailure::IsProxyItself : DialFailure::NotPermitted);
  }
  context_.loop.arm(deadline_, context_.loop.now() + context_.limits.connect);
  try_next();
}

void OriginDial::try_next() {
  while (next_candidate_ < candidates_.size()) {
    const base::SocketAddress& candidate = candidates_[next_candidate_++];
    int error = 0;
    base::UniqueFd fd = start_connect(candidate, error);
    if (!fd.is_open()) {
      last_error_ = error;
      continue;
    }
    attempts_.push_back(std::make_unique<Attempt>(*this, candidate, std::move(fd)));
    if (next_candidate_ < candidates_.size()) {
      context_.loop.arm(next_attempt_, context_.loop.now() + kNextAttemptDelay);
    }
    return;
  }
  const bool any_open = std::any_of(attempts_.begin(), attempts_.end(), [](const auto& attempt) { return attempt->stream->is_open(); });
  if (!any_open) {
    fail(last_error_ == EMFILE || last_error_ == ENFILE ? DialFailure::NoDescriptors : DialFailure::ConnectFailed);
  }
}

void OriginDial::on_attempt_ended(Attempt& attempt) {
  const int error = attempt.stream->has_failed() ? attempt.stream->error() : connect_outcome(attempt.stream->fd());
  if (error == 0) {
    std::unique_ptr<Stream> stream = std::move(attempt.stream);
    stream->set_listener(nullptr);
    const base::SocketAddress address = attempt.address;
    cancel();
    return listener_.on_dialed(std::move(stream), address);
  }
  last_error_ = error;
  attempt.stream->close();
  context_.loop.disarm(next_attempt_);
  try_next();
}

void OriginDial::on_timer(Timer& timer) {
  if (&timer == &next_attempt_) {
    return try_next();
  }
  if (is_waiting()) {
    return fail(DialFailure::NameTimedOut);
  }
  fail(DialFailure::ConnectTimedOut);
}

void OriginDial::cancel() {
  Query::cancel();
  for (auto& attempt : attempts_) {
    if (attempt->stream != nullptr) {
      attempt->stream->close();
    }
  }
  context_.loop.disarm(deadline_);
  context_.loop.disarm(next_attempt_);
}

void OriginDial::fail(DialFailure failure) {
  cancel();
  listener_.on_dial_failed(failure, last_error_);
}

}  // namespace weir::net
