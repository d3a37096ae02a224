#include "proxy_worker/net/resolver.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "common/base/log.h"

namespace weir::net {

namespace {

constexpr std::size_t kEntriesMax = 20'000;
constexpr std::size_t kAddressesMax = 16;  // of one name; the rest is not tried
constexpr std::chrono::seconds kTtlMin{1};
constexpr std::chrono::seconds kTtlMax{3600};
constexpr std::chrono::seconds kHostsFileTtl{5};  // /etc/hosts tells no TTL
constexpr std::chrono::seconds kNegativeTtl{5};
constexpr int kTriesPerServer = 3;

ResolveStatus status_of(int code) {
  switch (code) {
    case ARES_SUCCESS:
      return ResolveStatus::Found;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return ResolveStatus::NoSuchName;
    case ARES_ETIMEOUT:
      return ResolveStatus::TimedOut;
    default:
      return ResolveStatus::Failed;
  }
}

std::vector<base::IpAddress> addresses_of(const ares_addrinfo* info, std::chrono::seconds& ttl) {
  std::vector<base::IpAddress> addresses;
  ttl = kTtlMax;
  for (const ares_addrinfo_node* node = info->nodes; node != nullptr && addresses.size() < kAddressesMax; node = node->ai_next) {
    std::optional<base::IpAddress> address;
    if (node->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
      address = base::IpAddress::from_octets({reinterpret_cast<const char*>(&v4->sin_addr), 4});
    } else if (node->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
      address = base::IpAddress::from_octets({reinterpret_cast<const char*>(&v6->sin6_addr), 16});
    }
    if (address && std::find(addresses.begin(), addresses.end(), *address) == addresses.end()) {
      addresses.push_back(*address);
      ttl = std::min(ttl, node->ai_ttl > 0 ? std::chrono::seconds(node->ai_ttl) : kHostsFileTtl);
    }
  }
  return addresses;
}

}  // namespace

// c-ares and its sockets. Level-triggered: c-ares reads as much as it likes.
class Resolver::Channel : private Timer::Listener {
 public:
  Channel(Resolver& resolver, std::chrono::milliseconds timeout) : resolver_(resolver), timeout_(timeout) {
    static const int library_status = ::ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = std::max(250, static_cast<int>(timeout.count()) / (2 * kTriesPerServer));
    options.tries = kTriesPerServer;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Channel*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    if (library_status != ARES_SUCCESS || ::ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) {
      base::log_error("the resolver cannot start: names will not resolve");
      channel_ = nullptr;
    }
  }

  ~Channel() {
    if (channel_ != nullptr) {
      ::ares_destroy(channel_);
    }
  }

  void ask(const std::string& name) {
    auto* question = new Question{*this, name, resolver_.loop_.now() + timeout_};
    if (channel_ == nullptr) {
      return finish(question, ARES_ENOTINITIALIZED, nullptr);
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ::ares_getaddrinfo(
        channel_, name.c_str(), nullptr, &hints,
        [](void* argument, int status, int, ares_addrinfo* info) {
          auto* asked = static_cast<Question*>(argument);
          asked->channel.finish(asked, status, info);
        },
        question);
    arm();
  }

 private:
  struct Question {
    Channel& channel;
    std::string name;
    TimePoint deadline;
  };

  struct Socket final : IoListener {
    Channel& channel;
    ares_socket_t fd;
    Socket(Channel& owner, ares_socket_t socket) : channel(owner), fd(socket) {}
    void on_io(Readiness readiness) override { channel.process(readiness.readable ? fd : ARES_SOCKET_BAD, readiness.writable ? fd : ARES_SOCKET_BAD); }
  };

  // c-ares calls this from inside its own functions, also for a socket that it is about to close.
  void watch(ares_socket_t fd, bool readable, bool writable) {
    if (!readable && !writable) {
      resolver_.loop_.forget(fd);
      if (const auto found = sockets_.find(fd); found != sockets_.end()) {
        retired_.push_back(std::move(found->second));  // An event of this turn may still name it.
        sockets_.erase(found);
      }
      return;
    }
    auto& socket = sockets_[fd];
    if (socket == nullptr) {
      socket = std::make_unique<Socket>(*this, fd);
    }
    resolver_.loop_.watch_level(fd, *socket, readable && writable ? EventLoop::Interest::ReadWrite
                                             : readable           ? EventLoop::Interest::Read
                                                                  : EventLoop::Interest::Write);
  }

  void process(ares_socket_t readable, ares_socket_t writable) {
    ::ares_process_fd(channel_, readable, writable);
    arm();
  }

  void on_timer(Timer&) override {
    retired_.clear();
    process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }

  void arm() {
    timeval left{};
    if (::ares_timeout(channel_, nullptr, &left) != nullptr) {
      const auto wait = std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
      resolver_.loop_.arm(timer_, resolver_.loop_.now() + wait);
    } else if (!retired_.empty()) {
      resolver_.loop_.arm(timer_, resolver_.loop_.now());
    }
  }

  void finish(Question* question, int status, ares_addrinfo* info) {
    const std::unique_ptr<Question> owner(question);
    if (status == ARES_EDESTRUCTION) {
      return;  // The worker is ending; nobody waits any more.
    }
    Resolution resolution;
    std::chrono::seconds ttl = kNegativeTtl;
    resolution.status = status_of(status);
    if (info != nullptr) {
      resolution.addresses = addresses_of(info, ttl);
      ::ares_freeaddrinfo(info);
    }
    if (resolution.status == ResolveStatus::Found && resolution.addresses.empty()) {
      resolution.status = ResolveStatus::NoSuchName;
    }
    resolver_.answer(owner->name, std::move(resolution), ttl);
  }

  Resolver& resolver_;
  std::chrono::milliseconds timeout_;
  ares_channel channel_ = nullptr;
  std::unordered_map<ares_socket_t, std::unique_ptr<Socket>> sockets_;
  std::vector<std::unique_ptr<Socket>> retired_;
  Timer timer_{*this};
};

void Resolver::Query::cancel() {
  if (resolver_ != nullptr) {
    resolver_->forget_query(*this);
  }
}

Resolver::Resolver(EventLoop& loop, std::chrono::milliseconds timeout)
    : loop_(loop), channel_(std::make_unique<Channel>(*this, timeout)) {}

Resolver::~Resolver() {
  for (auto& [name, entry] : entries_) {
    for (Query* query : entry.waiting) {
      query->resolver_ = nullptr;
    }
  }
}

const Resolution* Resolver::resolve(const std::string& name, Query& query) {
  make_room();
  Entry& entry = entries_[name];
  if (!entry.is_pending && entry.expires > loop_.now()) {
    return &entry.resolution;
  }
  const bool must_ask = !entry.is_pending;
  entry.is_pending = true;
  if (must_ask) {
    // c-ares may answer from inside the call, for example out of /etc/hosts: the query is not among those waiting yet.
    channel_->ask(name);
    Entry& asked = entries_[name];
    if (!asked.is_pending) {
      return &asked.resolution;
    }
  }
  query.resolver_ = this;
  query.name_ = name;
  entries_[name].waiting.push_back(&query);
  return nullptr;
}

void Resolver::answer(const std::string& name, Resolution resolution, std::chrono::seconds ttl) {
  Entry& entry = entries_[name];
  entry.is_pending = false;
  entry.resolution = std::move(resolution);
  entry.expires = loop_.now() + std::clamp(ttl, kTtlMin, kTtlMax);
  // A listener may ask for this very name again, or give up another query.
  const Resolution given = entry.resolution;
  while (true) {
    auto& waiting = entries_[name].waiting;
    if (waiting.empty()) {
      return;
    }
    Query* query = waiting.back();
    waiting.pop_back();
    query->resolver_ = nullptr;
    query->on_resolved(given);
  }
}

void Resolver::forget_query(Query& query) {
  query.resolver_ = nullptr;
  if (const auto found = entries_.find(query.name_); found != entries_.end()) {
    std::erase(found->second.waiting, &query);
  }
}

void Resolver::make_room() {
  if (entries_.size() < kEntriesMax) {
    return;
  }
  const auto is_idle = [](const auto& item) { return !item.second.is_pending && item.second.waiting.empty(); };
  std::erase_if(entries_, [&](const auto& item) { return is_idle(item) && item.second.expires <= loop_.now(); });
  // Still full of answers that are valid: half of them must go, whichever.
  for (auto item = entries_.begin(); item != entries_.end() && entries_.size() > kEntriesMax / 2;) {
    item = is_idle(*item) ? entries_.erase(item) : std::next(item);
  }
}

}  // namespace weir::net
