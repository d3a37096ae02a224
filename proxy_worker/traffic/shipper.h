// Sends the spool's events to the collector over ZeroMQ and takes its acknowledgements, inside the event loop: it never
// blocks, and a collector that is slow, stopped or gone costs traffic nothing. What is not acknowledged is sent again.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/traffic/spool.h"

namespace weir::traffic {

class Shipper : private net::IoListener, private net::Timer::Listener {
 public:
  // `endpoint`: "ipc://...". Connects by itself, now or when the collector comes.
  Shipper(net::EventLoop& loop, Spool& spool, std::string endpoint);
  ~Shipper();

  // Events were appended: they go out together with those of the next few milliseconds.
  void on_appended();
  // Sends what there is, now.
  void ship();

 private:
  class Socket;

  void on_io(net::Readiness readiness) override;
  void on_timer(net::Timer& timer) override;
  void take_acknowledgements();
  void start_again();
  void arm(net::Timer& timer, std::chrono::milliseconds delay);

  net::EventLoop& loop_;
  Spool& spool_;
  std::string endpoint_;
  std::unique_ptr<Socket> socket_;
  std::chrono::milliseconds patience_;
  net::Timer batch_timer_{*this};
  net::Timer stall_timer_{*this};
};

}  // namespace weir::traffic
