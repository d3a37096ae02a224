// Names to addresses through c-ares, inside the event loop: nothing blocks, no thread. Answers are kept for as long as
// their TTL allows, failures for a few seconds, in a bounded cache; questions for one name that is being asked are joined.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/ip_address.h"
#include "proxy_worker/net/event_loop.h"

namespace weir::net {

enum class ResolveStatus : std::uint8_t { Found, NoSuchName, TimedOut, Failed };

struct Resolution {
  ResolveStatus status = ResolveStatus::Failed;
  std::vector<base::IpAddress> addresses;  // Found: at least one; IPv6 first, each family in the order to be tried (RFC 6724)
};

class Resolver {
 public:
  // Waits for one answer; destroying it gives the question up.
  class Query {
   public:
    Query() = default;
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    virtual ~Query() { cancel(); }
    bool is_waiting() const { return resolver_ != nullptr; }
    void cancel();

   protected:
    // Never called from inside Resolver::resolve. The resolution is borrowed for the call.
    virtual void on_resolved(const Resolution& resolution) = 0;

   private:
    friend class Resolver;
    Resolver* resolver_ = nullptr;
    std::string name_;
  };

  Resolver(EventLoop& loop, std::chrono::milliseconds timeout);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `name`: lower case. A kept answer is given at once (borrowed until the next call); otherwise nullptr, and the query
  // hears of it later.
  const Resolution* resolve(const std::string& name, Query& query);

 private:
  class Channel;
  struct Entry {
    Resolution resolution;
    TimePoint expires{};
    bool is_pending = false;
    std::vector<Query*> waiting;
  };

  void answer(const std::string& name, Resolution resolution, std::chrono::seconds ttl);
  void forget_query(Query& query);
  void make_room();

  EventLoop& loop_;
  std::unordered_map<std::string, Entry> entries_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace weir::net
