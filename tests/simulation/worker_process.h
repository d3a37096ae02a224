// One simulated process of a worker, from its start to its end or death: the product's spool, in-flight table, log and
// sender over a simulated wire. What has a deadline in it says so by wake_at(). Every function may throw Killed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/live/counters.h"
#include "proxy_worker/traffic/in_flight_table.h"
#include "proxy_worker/traffic/sender.h"
#include "proxy_worker/traffic/spool.h"
#include "proxy_worker/traffic/traffic_log.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/network.h"
#include "tests/simulation/request_book.h"

namespace weir::simulation {

using TimePoint = traffic::Sender::TimePoint;

class WorkerProcess : private traffic::Outlet, private traffic::Sender::Wire {
 public:
  struct Place {
    std::filesystem::path folder;
    std::string name;
    traffic::SpoolLimits limits;
    std::size_t slots_per_file = 0;  // of the in-flight table
  };
  WorkerProcess(const Place& place, Network& network, RequestBook& book, Fate fate, const TimePoint& now)
      : place_(place), network_(network), book_(book), fate_(fate), now_(now) {}
  ~WorkerProcess();

  // Takes up what the process before it left. False with `error` when it cannot (the disk is full).
  bool start(std::string& error);

  bool has_room();
  void begin(Request& request);
  void note(Request& request, std::uint64_t duration_us);
  void tell_progress(Request& request);
  void end(Request& request);
  void on_time();
  void on_acknowledgement();
  void ship();
  // Everything is delivered and nothing will come: removes its files.
  void clear_away();

  std::optional<TimePoint> wake_at() const { return sender_->wake_at(); }
  bool is_delivered() const { return log_->is_delivered(); }
  Network::SocketId socket() const { return socket_; }
  const std::vector<std::uint64_t>& open_requests() const { return open_; }
  const traffic::Spool& spool() const { return *spool_; }

 private:
  void on_appended() override { sender_->on_appended(now_); }
  void observe(Observer&) override {}
  bool send(const proto::Batch& header, const traffic::Spool::Range& events) override;
  bool receive(proto::Ack& ack) override;
  void connect_anew() override;

  EventNumber next_number() const { return {spool_->stream_id(), spool_->next_sequence()}; }
  void record_interrupted();
  void forget_open(const Request& request);

  Place place_;
  Network& network_;
  RequestBook& book_;
  Fate fate_;
  const TimePoint& now_;
  std::optional<traffic::Spool> spool_;
  std::optional<traffic::InFlightTable> in_flight_;
  Network::SocketId socket_ = 0;
  std::optional<traffic::Sender> sender_;
  live::WorkerCounters counters_{};
  std::optional<traffic::TrafficLog> log_;
  std::vector<std::uint64_t> open_;                          // requests that were begun
  std::map<std::uint64_t, traffic::InFlightSlot*> slots_;    // of those that are followed
};

}  // namespace weir::simulation
