// Sends the spool's events to the collector over ZeroMQ and takes its acknowledgements, inside the event loop: it never
// blocks, and a collector that is slow, stopped or gone costs traffic nothing. What is not acknowledged is sent again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/ledger/curve_keys.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/traffic/outlet.h"
#include "proxy_worker/traffic/sender.h"
#include "proxy_worker/traffic/spool.h"
#include "proxy_worker/traffic/spool_sync.h"

namespace weir::traffic {

// The way to the collector.
struct Wire {
  std::string endpoint;                         // "ipc://..." or "tcp://..."
  std::optional<ledger::WorkerKeys> keys = {};  // for tcp
};

class Shipper : public Outlet,
                private Sender::Wire,
                private net::IoListener,
                private net::Timer::Listener,
                private SpoolSync::Listener {
 public:
  // Connects by itself, now or when the collector comes. With `sync`, which outlives the shipper, only what is on the
  // disk is sent.
  Shipper(net::EventLoop& loop, Spool& spool, traffic::Wire wire, SpoolSync* sync = nullptr);
  ~Shipper();

  // Events were appended: they go out together with those of the next few milliseconds.
  void on_appended() override;
  void observe(Observer& observer) override { observer_ = &observer; }
  // Sends what there is, now.
  void ship();
  // Asks the collector where the stream stands, also when there is nothing to send; until it has answered, is_asking().
  void ask();
  bool is_asking() const { return sender_.is_asking(); }

 private:
  class Socket;

  bool send(const proto::Batch& header, const Spool::Range& events) override;
  bool receive(proto::Ack& ack) override;
  void connect_anew() override;
  void on_io(net::Readiness readiness) override;
  void on_timer(net::Timer& timer) override;
  void on_synced() override;
  void connect();
  void tell_observer();
  void follow_sender();

  net::EventLoop& loop_;
  traffic::Wire way_;
  Observer* observer_ = nullptr;
  std::unique_ptr<Socket> socket_;
  Sender sender_;
  net::Timer timer_{*this};
  net::TimePoint armed_for_{};
};

}  // namespace weir::traffic
