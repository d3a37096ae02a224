#include "proxy_worker/session/worker.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "common/base/log.h"
#include "common/base/service_process.h"
#include "proxy_worker/net/socket.h"

namespace weir::session {

namespace {

// Descriptors that are not for connections: files, sockets of ZeroMQ and c-ares.
constexpr std::size_t kReservedDescriptors = 128;
// The collector gets so much time for the last records after the last request.
constexpr std::chrono::milliseconds kDeliveryPatience{3'000};

std::vector<base::SocketAddress> addresses_of(const std::vector<base::UniqueFd>& listeners) {
  std::vector<base::SocketAddress> addresses;
  for (const base::UniqueFd& listener : listeners) {
    addresses.push_back(net::local_address(listener.value()).value_or(base::SocketAddress{}));
  }
  return addresses;
}

base::UniqueFd watch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  return base::UniqueFd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

}  // namespace

Worker::Worker(Parts parts)
    : settings_(parts.settings),
      loop_(parts.loop),
      log_(parts.log),
      shipper_(parts.shipper),
      own_addresses_(addresses_of(parts.listeners)),
      guard_(settings_.destinations.allow, settings_.destinations.deny),
      resolver_(loop_, settings_.timeouts.dns),
      dial_{loop_, resolver_, guard_, own_addresses_, {settings_.timeouts.dns, settings_.timeouts.connect}},
      pool_(loop_, settings_.timeouts.idle, parts.counters.origin_connections_open),
      admission_(settings_, own_addresses_, parts.rate_windows),
      policy_loader_(loop_, settings_, *this, std::move(parts.command_line)),
      buffer_(std::make_unique<std::array<char, kBufferBytes>>()),
      context_{settings_, loop_, {dial_, pool_, parts.counters.origin_connections_open}, admission_, log_, parts.counters, *buffer_, {}, {}, {}, false, nullptr, parts.client_use, {}},
      sessions_max_((base::raise_open_file_limit() - kReservedDescriptors) / 2),
      signals_(watch_signals()) {
  net::Acceptor::Listener& self = *this;
  for (base::UniqueFd& listener : parts.listeners) {
    acceptors_.push_back(std::make_unique<net::Acceptor>(loop_, std::move(listener), self));
  }
  loop_.watch_level(signals_.value(), *this, net::EventLoop::Interest::Read);
  arm_progress();
}

Worker::~Worker() { loop_.forget(signals_.value()); }

// Users and rules together, or neither.
bool Worker::install(std::optional<policy::MappedPolicy> rules, std::string& error) {
  std::optional<login::PasswordFile> users;
  if (!settings_.password_file.empty()) {
    users = login::PasswordFile::read(settings_.password_file, error);
    if (!users) {
      return false;
    }
  }
  admission_.adopt(std::move(rules));
  if (users && logins_) {
    logins_->replace(std::move(*users));
  } else if (users) {
    context_.logins = &logins_.emplace(loop_, std::move(*users));
  }
  return true;
}

void Worker::run() {
  while (!is_drained()) {
    loop_.run_turn();
  }
  while (!sessions_.empty()) {
    sessions_.begin()->first->end_now();
  }
  // Whatever is not acknowledged by then stays in the spool, for the next worker of this number.
  const auto deadline = loop_.read_clock() + kDeliveryPatience;
  if (shipper_ != nullptr) {
    shipper_->ship();
  }
  while (!log_.is_delivered() && loop_.now() < deadline) {
    loop_.run_turn();
  }
}

void Worker::on_connection(base::UniqueFd fd, const base::SocketAddress& client) {
  ClientSession::Owner& owner = *this;
  ClientIdentity identity{client, next_connection_id_++, settings_.worker_id};
  identity.is_exempt = base::any_contains(settings_.client_limits.exempt, client.address);
  if (const auto& limit = settings_.client_limits.connections; limit && !identity.is_exempt) {
    identity.has_too_many_connections = context_.client_use->begin(client.address, policy::ClientUse::Kind::Connection) > *limit;
  }
  auto session = std::make_unique<ClientSession>(context_, owner, std::move(fd), identity);
  ClientSession& started = *session;
  sessions_.emplace(&started, std::move(session));
  started.start();
}

bool Worker::has_room() const { return sessions_.size() < sessions_max_; }

void Worker::on_session_closed(ClientSession& session) {
  const ClientIdentity& client = session.client();
  if (settings_.client_limits.connections && !client.is_exempt) {
    context_.client_use->end(client.address.address, policy::ClientUse::Kind::Connection);
  }
  const auto found = sessions_.find(&session);
  loop_.retire(std::move(found->second));
  sessions_.erase(found);
}

void Worker::on_io(net::Readiness) {
  signalfd_siginfo signal{};
  while (::read(signals_.value(), &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo == SIGHUP) {
      policy_loader_.reload();
    } else {
      begin_drain();
    }
  }
}

void Worker::begin_drain() {
  if (context_.is_draining) {
    return;
  }
  base::log_info("draining " + std::to_string(sessions_.size()) + " connections");
  context_.is_draining = true;
  loop_.arm(drain_timer_, loop_.now() + settings_.drain_timeout);
  for (auto& acceptor : acceptors_) {
    acceptor->stop();
  }
  std::vector<ClientSession*> sessions;
  for (const auto& [session, owner] : sessions_) {
    sessions.push_back(session);
  }
  for (ClientSession* session : sessions) {
    session->drain();
  }
}

bool Worker::is_drained() const { return context_.is_draining && (sessions_.empty() || drain_is_over_); }

void Worker::on_timer(net::Timer& timer) {
  if (&timer == &drain_timer_) {
    drain_is_over_ = true;
    return;
  }
  tell_progress();
  arm_progress();
}

// At whole minutes and between them, so that what was moved in a minute is told in it.
void Worker::arm_progress() {
  const auto since_last = std::chrono::system_clock::now().time_since_epoch() % settings_.progress_interval;
  loop_.arm(progress_timer_, loop_.now() + (settings_.progress_interval - since_last));
}

void Worker::tell_progress() {
  for (const auto& [session, owner] : sessions_) {
    session->tell_progress(settings_.progress_interval);
  }
}

}  // namespace weir::session
