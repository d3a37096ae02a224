#include "proxy_worker/traffic/unfinished_record.h"

#include <algorithm>

namespace weir::traffic {

proto::TrafficEvent shortened(const proto::TrafficEvent& event, std::size_t bytes_max) {
  proto::TrafficEvent out = event;
  out.clear_user_agent();
  const std::size_t bytes = out.ByteSizeLong();
  if (bytes > bytes_max) {
    // What stands for its length may take an octet less, never more.
    out.mutable_path()->resize(out.path().size() - std::min(out.path().size(), bytes - bytes_max));
  }
  return out;
}

proto::TrafficEvent progress_of(const proto::TrafficEvent& event, const ByteCount& moved, std::uint64_t duration_us) {
  proto::TrafficEvent out;
  out.set_kind(proto::PROGRESS);
  out.set_started_at_us(event.started_at_us());
  out.set_duration_us(duration_us);
  out.set_client_address(event.client_address());
  out.set_host(event.host());
  out.set_port(event.port());
  out.set_scheme(event.scheme());
  out.set_bytes_sent(moved.sent);
  out.set_bytes_received(moved.received);
  out.set_worker_id(event.worker_id());
  out.set_connection_id(event.connection_id());
  out.set_request_number(event.request_number());
  return out;
}

std::optional<proto::TrafficEvent> interrupted(const InFlightSlot& slot, std::uint64_t next_sequence) {
  const std::size_t bytes = slot.event_bytes.load(std::memory_order_acquire);
  proto::TrafficEvent event;
  if (bytes == 0 || bytes > InFlightSlot::kEventBytesMax || !event.ParseFromArray(slot.event.data(), static_cast<int>(bytes))) {
    return std::nullopt;
  }
  const auto value = [](const std::atomic<std::uint64_t>& word) { return word.load(std::memory_order_acquire); };
  event.set_outcome(proto::INTERRUPTED);
  event.set_fault(proto::PROXY);
  event.set_reason("worker_died");
  event.set_duration_us(value(slot.duration_us));
  event.set_status(static_cast<std::uint32_t>(value(slot.status)));
  if (event.status() != 0) {
    event.set_ttfb_us(value(slot.ttfb_us));
  }
  event.set_bytes_sent(value(slot.bytes_sent));
  event.set_bytes_received(value(slot.bytes_received));
  const bool has_told_last = value(slot.told_as) < next_sequence;
  event.set_told_bytes_sent(value(has_told_last ? slot.told_sent : slot.told_sent_before));
  event.set_told_bytes_received(value(has_told_last ? slot.told_received : slot.told_received_before));
  return event;
}

}  // namespace weir::traffic
