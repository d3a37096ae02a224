// Opens a connection to an origin: resolves its name, leaves out the addresses that may not be connected to, and tries
// the others with the timing of RFC 8305 (happy eyeballs). The address that was checked is the one connected to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/ip_address.h"
#include "common/policy/destination_guard.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/net/resolver.h"
#include "proxy_worker/net/stream.h"

namespace weir::net {

enum class DialFailure : std::uint8_t {
  None,
  NoSuchName,
  NameTimedOut,
  NameFailed,         // the name service itself failed
  NotPermitted,       // every address of the name is refused by the destination guard
  IsProxyItself,      // the address is one that this proxy listens on
  ConnectFailed,      // every address was tried: refused, unreachable
  ConnectTimedOut,
  NoDescriptors,      // this process has no descriptor left
};

struct DialTarget {
  std::string host;
  std::uint16_t port = 0;
  std::optional<base::IpAddress> literal;  // set: no name service is asked
};

struct DialLimits {
  std::chrono::milliseconds dns;
  std::chrono::milliseconds connect;
};

// What all dials of a worker share; outlives them.
struct DialContext {
  EventLoop& loop;
  Resolver& resolver;
  const policy::DestinationGuard& guard;
  const std::vector<base::SocketAddress>& own_addresses;
  DialLimits limits;
};

// One attempt to reach one origin. It is given up by cancel(), then retired: its listener may hear of it in the middle of
// its own functions.
class OriginDial : public Retirable, private Resolver::Query, private Timer::Listener {
 public:
  class Listener {
   public:
    // `stream` is connected; `address` is what it is connected to.
    virtual void on_dialed(std::unique_ptr<Stream> stream, const base::SocketAddress& address) = 0;
    // `error`: errno of the last attempt, where there was one.
    virtual void on_dial_failed(DialFailure failure, int error) = 0;
    virtual void on_resolved_name() = 0;

   protected:
    ~Listener() = default;
  };

  OriginDial(DialContext& context, Listener& listener);
  ~OriginDial() override;

  // Begins. The listener may be called before this returns.
  void start(const DialTarget& target);
  // Closes what is open; the listener hears nothing more.
  void cancel();

 private:
  struct Attempt;

  void on_resolved(const Resolution& resolution) override;
  void on_timer(Timer& timer) override;
  void use(const std::vector<base::IpAddress>& addresses);
  void try_next();
  void on_attempt_ended(Attempt& attempt);
  void fail(DialFailure failure);
  bool is_own_address(const base::SocketAddress& address) const;

  DialContext& context_;
  Listener& listener_;
  std::uint16_t port_ = 0;
  std::vector<base::SocketAddress> candidates_;
  std::size_t next_candidate_ = 0;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  int last_error_ = 0;
  Timer deadline_{*this};
  Timer next_attempt_{*this};
};

}  // namespace weir::net
