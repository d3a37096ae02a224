// Sends the spool's events to the collector over ZeroMQ and takes its acknowledgements, inside the event loop: it never
// blocks, and a collector that is slow, stopped or gone costs traffic nothing. What is not acknowledged is sent again.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/traffic/outlet.h"
#include "proxy_worker/traffic/sender.h"
#include "proxy_worker/traffic/spool.h"

namespace weir::traffic {

class Shipper : public Outlet, private Sender::Wire, private net::IoListener, private net::Timer::Listener {
 public:
  // `endpoint`: "ipc://...". Connects by itself, now or when the collector comes.
  Shipper(net::EventLoop& loop, Spool& spool, std::string endpoint);
  ~Shipper();

  // Events were appended: they go out together with those of the next few milliseconds.
  void on_appended() override;
  // Sends what there is, now.
  void ship();

 private:
  class Socket;

  bool send(const proto::Batch& header, std::span<const std::byte> events) override;
  bool receive(proto::Ack& ack) override;
  void connect_anew() override;
  void on_io(net::Readiness readiness) override;
  void on_timer(net::Timer& timer) override;
  void connect();
  void follow_sender();

  net::EventLoop& loop_;
  std::string endpoint_;
  std::unique_ptr<Socket> socket_;
  Sender sender_;
  net::Timer timer_{*this};
  net::TimePoint armed_for_{};
};

}  // namespace weir::traffic
