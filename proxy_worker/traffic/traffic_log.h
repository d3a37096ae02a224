// Takes the record of each finished request, and knows the unfinished ones, so that a crash loses none. With records off
// there is only the counting.
#pragma once

#include <cstdint>
#include <string>

#include "common/live/counters.h"
#include "proxy_worker/traffic/in_flight_table.h"
#include "proxy_worker/traffic/outlet.h"
#include "proxy_worker/traffic/spool.h"

namespace weir::proto {
class TrafficEvent;
}

namespace weir::traffic {

class TrafficLog : private Outlet::Observer {
 public:
  // The way of the records; nullptr with --records off. All outlives the log.
  struct Ledger {
    Spool* spool = nullptr;
    Outlet* shipper = nullptr;
    InFlightTable* in_flight = nullptr;
  };
  TrafficLog(live::WorkerCounters& counters, const Ledger& ledger);
  TrafficLog(const TrafficLog&) = delete;
  TrafficLog& operator=(const TrafficLog&) = delete;

  // Once, before anything else: records what a killed process was serving. Gives how many requests that were.
  std::size_t record_interrupted();

  // Whether one more request can be recorded; where not, it must not be served.
  bool has_room() const { return ledger_.spool == nullptr || ledger_.spool->has_room(); }
  // A request has begun, of which `event` is known; before the client is answered anything. nullptr: it is not followed.
  InFlightSlot* begin(const proto::TrafficEvent& event);
  // It lives, and has come this far.
  static void note(InFlightSlot& slot, std::uint64_t duration_us, const proto::TrafficEvent& event, const ByteCount& so_far);
  // It goes on for long: what was moved since the last time is recorded now. `event` is its unfinished record.
  void tell_progress(InFlightSlot& slot, const proto::TrafficEvent& event);
  // It has ended. `slot`: from begin(), or nullptr.
  void record(proto::TrafficEvent& event, InFlightSlot* slot);
  // Whether the collector has everything.
  bool is_delivered() const { return ledger_.spool == nullptr || ledger_.spool->is_all_acknowledged(); }

 private:
  void on_spool_changed() override;
  void append(const proto::TrafficEvent& event);
  void count(const proto::TrafficEvent& event);

  live::WorkerCounters& counters_;
  Ledger ledger_;
  std::string scratch_;
};

}  // namespace weir::traffic
