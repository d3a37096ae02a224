// Sends the spool's events to the collector over ZeroMQ and takes its acknowledgements, inside the event loop: it never
// blocks, and a collector that is slow, stopped or gone costs traffic nothing. What is not acknowledged is sent again.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "common/ledger/curve_keys.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/traffic/spool.h"
#include "proxy_worker/traffic/spool_sync.h"

namespace weir::traffic {

// The way to the collector.
struct Wire {
  std::string endpoint;                         // "ipc://..." or "tcp://..."
  std::optional<ledger::WorkerKeys> keys = {};  // for tcp
};

class Shipper : private net::IoListener, private net::Timer::Listener, private SpoolSync::Listener {
 public:
  // Hears when the spool was emptied or is being filled, at most once in a few milliseconds.
  class Observer {
   public:
    virtual void on_spool_changed() = 0;

   protected:
    ~Observer() = default;
  };

  // Connects by itself, now or when the collector comes. With `sync`, which outlives the shipper, only what is on the
  // disk is sent.
  Shipper(net::EventLoop& loop, Spool& spool, Wire wire, SpoolSync* sync = nullptr);
  ~Shipper();

  // Events were appended: they go out together with those of the next few milliseconds.
  void on_appended();
  // Sends what there is, now.
  void ship();
  void observe(Observer& observer) { observer_ = &observer; }

 private:
  class Socket;

  void on_io(net::Readiness readiness) override;
  void on_timer(net::Timer& timer) override;
  void on_synced() override;
  void send_what_may_be_sent();
  Spool::Range take_range();
  void take_acknowledgements();
  void start_again();
  void arm(net::Timer& timer, std::chrono::milliseconds delay);

  net::EventLoop& loop_;
  Spool& spool_;
  Wire wire_;
  SpoolSync* sync_;  // nullptr: nothing waits for the disk
  Observer* observer_ = nullptr;
  std::unique_ptr<Socket> socket_;
  std::chrono::milliseconds patience_;
  net::Timer batch_timer_{*this};
  net::Timer stall_timer_{*this};
};

}  // namespace weir::traffic
