#include "proxy_worker/traffic/traffic_log.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "common/base/crash_point.h"
#include "proxy_worker/traffic/unfinished_record.h"
#include "traffic_event.pb.h"

namespace weir::traffic {

TrafficLog::TrafficLog(live::WorkerCounters& counters, const Ledger& ledger) : counters_(counters), ledger_(ledger) {
  if (ledger_.shipper != nullptr) {
    ledger_.shipper->observe(*this);
    on_spool_changed();
  }
}

InFlightSlot* TrafficLog::begin(const proto::TrafficEvent& event) {
  if (ledger_.in_flight == nullptr) {
    return nullptr;
  }
  // Serialized on the stack where it fits, as it nearly always does.
  std::array<std::byte, InFlightSlot::kEventBytesMax> bytes;
  const std::size_t count = event.ByteSizeLong();
  if (count <= bytes.size()) {
    event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
    return ledger_.in_flight->take({bytes.data(), count});
  }
  shortened(event, bytes.size()).SerializeToString(&scratch_);
  return ledger_.in_flight->take(std::as_bytes(std::span(scratch_)));
}

void TrafficLog::note(InFlightSlot& slot, std::uint64_t duration_us, const proto::TrafficEvent& event, const ByteCount& so_far) {
  slot.duration_us.store(duration_us, std::memory_order_relaxed);
  slot.status.store(event.status(), std::memory_order_relaxed);
  slot.ttfb_us.store(event.ttfb_us(), std::memory_order_relaxed);
  slot.bytes_sent.store(so_far.sent, std::memory_order_relaxed);
  slot.bytes_received.store(so_far.received, std::memory_order_relaxed);
}

void TrafficLog::tell_progress(InFlightSlot& slot, const proto::TrafficEvent& event) {
  const std::uint64_t sent = slot.bytes_sent.load(std::memory_order_relaxed);
  const std::uint64_t received = slot.bytes_received.load(std::memory_order_relaxed);
  const std::uint64_t told_sent = slot.told_sent.load(std::memory_order_relaxed);
  const std::uint64_t told_received = slot.told_received.load(std::memory_order_relaxed);
  if (sent == told_sent && received == told_received) {
    return;
  }
  // In this order: whenever the process is killed, the next one finds out how much was told.
  slot.told_sent_before.store(told_sent, std::memory_order_release);
  slot.told_received_before.store(told_received, std::memory_order_release);
  WEIR_CRASH_POINT("progress.before");
  slot.told_as.store(ledger_.spool->next_sequence(), std::memory_order_release);
  WEIR_CRASH_POINT("progress.numbered");
  slot.told_sent.store(sent, std::memory_order_release);
  slot.told_received.store(received, std::memory_order_release);
  WEIR_CRASH_POINT("progress.told");
  append(progress_of(event, {sent - told_sent, received - told_received}, slot.duration_us.load(std::memory_order_relaxed)));
}

void TrafficLog::record(proto::TrafficEvent& event, InFlightSlot* slot) {
  // What is counted is in the spool already.
  if (ledger_.spool != nullptr) {
    if (slot != nullptr) {
      event.set_told_bytes_sent(slot->told_sent.load(std::memory_order_relaxed));
      event.set_told_bytes_received(slot->told_received.load(std::memory_order_relaxed));
      slot->recorded_as.store(ledger_.spool->next_sequence(), std::memory_order_release);
    }
    WEIR_CRASH_POINT("record.numbered");
    append(event);
    WEIR_CRASH_POINT("record.appended");
    if (slot != nullptr) {
      ledger_.in_flight->give_back(*slot);
    }
    WEIR_CRASH_POINT("record.released");
  }
  count(event);
}

void TrafficLog::append(const proto::TrafficEvent& event) {
  const std::size_t bytes = event.ByteSizeLong();
  if (std::byte* room = ledger_.spool->begin_append(bytes)) {
    event.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(room));
    ledger_.spool->finish_append(bytes);
  } else {
    on_spool_changed();
  }
  ledger_.shipper->on_appended();  // Of what is lost the collector has to know, too.
}

std::size_t TrafficLog::record_interrupted() {
  std::size_t count = 0;
  if (ledger_.in_flight == nullptr) {
    return count;
  }
  const std::uint64_t left_at = ledger_.spool->next_sequence();
  std::vector<InFlightSlot*> slots = ledger_.in_flight->used();
  // The one that was about to use this number comes first and gets it: were it another's, the slot would look recorded
  // to the process after this one, if this one is killed as well.
  std::stable_partition(slots.begin(), slots.end(), [left_at](const InFlightSlot* slot) {
    return slot->recorded_as.load(std::memory_order_acquire) == left_at || slot->told_as.load(std::memory_order_acquire) == left_at;
  });
  for (InFlightSlot* slot : slots) {
    const std::uint64_t recorded_as = slot->recorded_as.load(std::memory_order_acquire);
    const bool is_recorded = recorded_as != 0 && recorded_as < left_at;
    if (const auto event = is_recorded ? std::nullopt : interrupted(*slot, left_at)) {
      slot->recorded_as.store(ledger_.spool->next_sequence(), std::memory_order_release);
      WEIR_CRASH_POINT("recovery.numbered");
      append(*event);
      WEIR_CRASH_POINT("recovery.appended");
      ++count;
    }
    ledger_.in_flight->give_back(*slot);
    WEIR_CRASH_POINT("recovery.released");
  }
  return count;
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

// Copies the spool's state into the live counters.
void TrafficLog::on_spool_changed() {
  const Spool& spool = *ledger_.spool;
  counters_.records_pending.store(spool.pending_events(), std::memory_order_relaxed);
  counters_.records_pending_bytes.store(spool.pending_bytes(), std::memory_order_relaxed);
  counters_.records_lost.store(spool.lost_events(), std::memory_order_relaxed);
}

}  // namespace weir::traffic
