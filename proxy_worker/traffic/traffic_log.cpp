#include "proxy_worker/traffic/traffic_log.h"

#include "traffic_event.pb.h"

namespace weir::traffic {

void TrafficLog::record(const proto::TrafficEvent& event) {
  // What is counted is in the spool already.
  if (spool_ != nullptr) {
    append(event);
  }
  count(event);
}

void TrafficLog::append(const proto::TrafficEvent& event) {
  const std::size_t bytes = event.ByteSizeLong();
  if (std::byte* room = spool_->begin_append(bytes)) {
    event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(room));
    spool_->finish_append(bytes);
    shipper_->on_appended();
  }
}

void TrafficLog::count(const proto::TrafficEvent& event) {
  live::add(counters_.requests, 1);
  live::add(counters_.bytes_sent, event.bytes_sent());
  live::add(counters_.bytes_received, event.bytes_received());
  switch (event.outcome()) {
    case proto::REFUSED:
      return live::add(counters_.refused, 1);
    case proto::RATE_LIMITED:
      return live::add(counters_.rate_limited, 1);
    case proto::FAILED:
      return live::add(counters_.failed, 1);
    case proto::CUT_OFF:
      return live::add(counters_.cut_off, 1);
    default:
      return;
  }
}

void TrafficLog::publish_state() {
  if (spool_ != nullptr) {
    counters_.records_pending.store(spool_->pending_events(), std::memory_order_relaxed);
    counters_.records_pending_bytes.store(spool_->pending_bytes(), std::memory_order_relaxed);
    counters_.records_lost.store(spool_->lost_events(), std::memory_order_relaxed);
  }
}

}  // namespace weir::traffic
