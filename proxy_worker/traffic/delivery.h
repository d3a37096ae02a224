// Hands over what a worker that runs no more has left in its spool: `proxy_worker --deliver-only`, started by the
// supervisor for each spool that no worker takes up. One thread, no traffic.
#pragma once

#include "common/base/unique_fd.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/traffic/shipper.h"
#include "proxy_worker/traffic/traffic_log.h"

namespace weir::traffic {

class Delivery : private net::IoListener {
 public:
  // SIGTERM and SIGINT are blocked already; all outlive this.
  Delivery(net::EventLoop& loop, TrafficLog& log, Shipper& shipper);
  ~Delivery();

  // Until the collector has everything and has said where the stream stands (true), or a stop is asked for (false): the
  // rest stays for the next time.
  bool run();

 private:
  void on_io(net::Readiness readiness) override;

  net::EventLoop& loop_;
  TrafficLog& log_;
  Shipper& shipper_;
  base::UniqueFd signals_;
  bool is_stopped_ = false;
};

}  // namespace weir::traffic
