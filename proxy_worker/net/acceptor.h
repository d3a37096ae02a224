// Takes connections from one listening socket. When descriptors run out it pauses instead of spinning.
#pragma once

#include <cstddef>

#include "common/base/ip_address.h"
#include "common/base/unique_fd.h"
#include "proxy_worker/net/event_loop.h"

namespace weir::net {

class Acceptor : private IoListener, private Timer::Listener {
 public:
  class Listener {
   public:
    virtual void on_connection(base::UniqueFd fd, const base::SocketAddress& client) = 0;
    // False: no further connection can be served now; the acceptor asks again a little later.
    virtual bool has_room() const = 0;

   protected:
    ~Listener() = default;
  };

  Acceptor(EventLoop& loop, base::UniqueFd fd, Listener& listener);

  const base::SocketAddress& address() const { return address_; }
  // Takes what waits in the queue for the last time and closes this process's descriptor.
  void stop();

 private:
  void on_io(Readiness readiness) override;
  void on_timer(Timer& timer) override;
  void accept_waiting();
  void pause();

  EventLoop& loop_;
  base::UniqueFd fd_;
  Listener& listener_;
  base::SocketAddress address_;
  Timer resume_timer_{*this};
};

}  // namespace weir::net
