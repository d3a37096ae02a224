// Takes the record of each finished request. With records off there is only the counting.
#pragma once

#include "common/live/counters.h"
#include "proxy_worker/traffic/shipper.h"
#include "proxy_worker/traffic/spool.h"

namespace weir::proto {
class TrafficEvent;
}

namespace weir::traffic {

class TrafficLog {
 public:
  // `spool` and `shipper` are nullptr with --records off.
  TrafficLog(live::WorkerCounters& counters, Spool* spool, Shipper* shipper)
      : counters_(counters), spool_(spool), shipper_(shipper) {}

  void record(const proto::TrafficEvent& event);
  // Whether the collector has everything.
  bool is_delivered() const { return spool_ == nullptr || spool_->is_all_acknowledged(); }
  // Copies the spool's state into the live counters.
  void publish_state();

 private:
  void append(const proto::TrafficEvent& event);
  void count(const proto::TrafficEvent& event);

  live::WorkerCounters& counters_;
  Spool* spool_;
  Shipper* shipper_;
};

}  // namespace weir::traffic
