#include "proxy_worker/net/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "common/base/log.h"

namespace weir::net {

namespace {

constexpr std::size_t kEntriesMax = 20'000;
constexpr std::size_t kAddressesMax = 32;  // of one name and family; the rest is not looked at
constexpr std::chrono::seconds kTtlMin{1};
constexpr std::chrono::seconds kTtlMax{3600};
constexpr std::chrono::seconds kHostsFileTtl{5};  // /etc/hosts tells no TTL
constexpr std::chrono::seconds kNegativeTtl{5};
constexpr int kTriesPerServer = 3;
constexpr std::chrono::milliseconds kResolutionDelay{50};  // RFC 8305 section 3

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

void add_address(std::optional<base::IpAddress> address, std::vector<base::IpAddress>& addresses) {
  if (address && addresses.size() < kAddressesMax && std::find(addresses.begin(), addresses.end(), *address) == addresses.end()) {
    addresses.push_back(*address);
  }
}

std::optional<base::IpAddress> address_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return base::IpAddress::from_octets({reinterpret_cast<const char*>(&v4->sin_addr), 4});
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  return base::IpAddress::from_octets({reinterpret_cast<const char*>(&v6->sin6_addr), 16});
}

// An answer lasts no longer than any record that it is made of, the aliases that led to it included.
std::chrono::seconds ttl_of(const ares_addrinfo& info) {
  int ttl = static_cast<int>(kTtlMax.count());
  for (const ares_addrinfo_cname* alias = info.cnames; alias != nullptr; alias = alias->next) {
    ttl = std::min(ttl, alias->ttl);
  }
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    ttl = std::min(ttl, node->ai_ttl);
  }
  return std::chrono::seconds(ttl);
}

}  // namespace

// c-ares and its sockets. Level-triggered: c-ares reads as much as it likes.
class Resolver::Channel : private Timer::Listener {
 public:
  Channel(Resolver& resolver, std::chrono::milliseconds timeout) : resolver_(resolver) {
    static const int library_status = ::ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = std::max(250, static_cast<int>(timeout.count()) / (2 * kTriesPerServer));
    options.tries = kTriesPerServer;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Channel*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    options.lookups = const_cast<char*>("b");  // DNS alone: the hosts file is looked at before.
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
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
    if (channel_ == nullptr) {
      return resolver_.answer(name, {}, kNegativeTtl);
    }
    if (Resolution local = from_hosts_file(name); local.status == ResolveStatus::Found) {
      return resolver_.answer(name, std::move(local), kHostsFileTtl);
    }
    auto owner = std::make_unique<Lookup>(*this, name);
    Lookup& lookup = *owner;
    lookups_.emplace(&lookup, std::move(owner));
    lookup.start();
    arm();
  }

 private:
  // Both questions of one name. An address that is there is not held up by the other family's answer for longer than the
  // resolution delay of RFC 8305 section 3; what comes later is kept for the next time.
  class Lookup : private Timer::Listener {
   public:
    Lookup(Channel& channel, std::string name) : channel_(channel), name_(std::move(name)) {}

    void start() {
      ask(AF_INET6, v6_);
      ask(AF_INET, v4_);  // The last thing done: when this is answered at once, the lookup is gone.
    }

   private:
    struct Family {
      Lookup* lookup = nullptr;
      bool is_answered = false;
      ResolveStatus status = ResolveStatus::Failed;
      std::vector<base::IpAddress> addresses;
    };

    void ask(int address_family, Family& family) {
      family.lookup = this;
      ares_addrinfo_hints hints{};
      hints.ai_family = address_family;
      hints.ai_socktype = SOCK_STREAM;
      ::ares_getaddrinfo(
          channel_.channel_, name_.c_str(), nullptr, &hints,
          [](void* argument, int status, int, ares_addrinfo* info) {
            auto* asked = static_cast<Family*>(argument);
            asked->lookup->take(*asked, status, info);
          },
          &family);
    }

    void take(Family& family, int status, ares_addrinfo* info) {
      if (status == ARES_EDESTRUCTION) {
        return;  // The worker is ending; nobody waits any more.
      }
      family.is_answered = true;
      family.status = status_of(status);
      if (info != nullptr) {
        expires_ = std::min(expires_, channel_.resolver_.loop_.now() + ttl_of(*info));
        for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
          add_address(address_of(node->ai_addr), family.addresses);
        }
        ::ares_freeaddrinfo(info);
      }
      if (v4_.is_answered && v6_.is_answered) {
        if (!is_delivered_ || !family.addresses.empty()) {
          deliver();
        }
        channel_.lookups_.erase(this);
      } else if (!family.addresses.empty()) {
        channel_.resolver_.loop_.arm(delay_, channel_.resolver_.loop_.now() + kResolutionDelay);
      }
    }

    void on_timer(Timer&) override { deliver(); }

    void deliver() {
      is_delivered_ = true;
      Resolution resolution;
      resolution.addresses = v6_.addresses;
      resolution.addresses.insert(resolution.addresses.end(), v4_.addresses.begin(), v4_.addresses.end());
      resolution.status = resolution.addresses.empty() ? failure() : ResolveStatus::Found;
      const bool is_found = resolution.status == ResolveStatus::Found;
      const auto left = std::chrono::floor<std::chrono::seconds>(expires_ - channel_.resolver_.loop_.now());
      channel_.resolver_.answer(name_, std::move(resolution), is_found ? left : kNegativeTtl);
    }

    // Neither family has an address: the name has none only when both answers say so.
    ResolveStatus failure() const {
      for (const ResolveStatus worst : {ResolveStatus::TimedOut, ResolveStatus::Failed}) {
        if (v4_.status == worst || v6_.status == worst) {
          return worst;
        }
      }
      return ResolveStatus::NoSuchName;
    }

    Channel& channel_;
    std::string name_;
    Family v6_;
    Family v4_;
    TimePoint expires_ = TimePoint::max();  // of what has been found
    bool is_delivered_ = false;
    Timer delay_{*this};
  };

  // What stands there is all that there is of the name: DNS is not asked for the other family.
  Resolution from_hosts_file(const std::string& name) {
    Resolution resolution;
    for (const int family : {AF_INET6, AF_INET}) {
      hostent* host = nullptr;
      if (::ares_gethostbyname_file(channel_, name.c_str(), family, &host) != ARES_SUCCESS) {
        continue;
      }
      for (char** octets = host->h_addr_list; *octets != nullptr; ++octets) {
        add_address(base::IpAddress::from_octets({*octets, static_cast<std::size_t>(host->h_length)}), resolution.addresses);
      }
      ::ares_free_hostent(host);
    }
    resolution.status = resolution.addresses.empty() ? ResolveStatus::NoSuchName : ResolveStatus::Found;
    return resolution;
  }

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

  Resolver& resolver_;
  ares_channel channel_ = nullptr;
  std::unordered_map<Lookup*, std::unique_ptr<Lookup>> lookups_;
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
