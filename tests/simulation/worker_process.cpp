#include "tests/simulation/worker_process.h"

#include <algorithm>

#include "tests/simulation/trace.h"

namespace weir::simulation {

WorkerProcess::~WorkerProcess() {
  if (socket_ != 0) {
    network_.close_socket(socket_);
  }
}

bool WorkerProcess::start(std::string& error) {
  const Fate::Run run(fate_);
  spool_ = traffic::Spool::open(place_.folder, place_.name, place_.limits, error);
  if (!spool_) {
    return false;
  }
  in_flight_.emplace(place_.folder, place_.slots_per_file);
  socket_ = network_.open_socket();
  traffic::Sender::Wire& wire = *this;
  sender_.emplace(*spool_, wire, static_cast<traffic::Sender::Disk*>(nullptr), now_);
  log_.emplace(counters_, traffic::TrafficLog::Ledger{.spool = &*spool_, .shipper = this, .in_flight = &*in_flight_});
  record_interrupted();
  return true;
}

// Remembers which numbers were given to whom, also when it is killed in between: a slot keeps its number.
void WorkerProcess::record_interrupted() {
  std::vector<std::pair<traffic::InFlightSlot*, Request*>> left;
  for (traffic::InFlightSlot* slot : in_flight_->used()) {
    proto::TrafficEvent event;
    if (event.ParseFromArray(slot->event.data(), static_cast<int>(slot->event_bytes.load()))) {
      left.emplace_back(slot, &book_.at(event.connection_id()));
    }
  }
  const auto remember = [&] {
    for (const auto& [slot, request] : left) {
      if (const std::uint64_t sequence = slot->recorded_as.load(); sequence != 0) {
        request->recordings.push_back({spool_->stream_id(), sequence});
      }
    }
  };
  try {
    const std::size_t count = log_->record_interrupted();
    WEIR_TRACE(place_.name + ": found " + std::to_string(left.size()) + " slots, recorded " + std::to_string(count) + " as interrupted");
  } catch (const Killed&) {
    remember();
    throw;
  }
  remember();
}

bool WorkerProcess::has_room() {
  const Fate::Run run(fate_);
  return log_->has_room();
}

void WorkerProcess::begin(Request& request) {
  const Fate::Run run(fate_);
  traffic::InFlightSlot* slot = log_->begin(request.event);
  request.fate = Request::Fate::Open;
  request.is_followed = slot != nullptr;
  open_.push_back(request.number);
  if (slot != nullptr) {
    slots_[request.number] = slot;
  }
}

void WorkerProcess::note(Request& request, std::uint64_t duration_us) {
  if (request.is_followed) {
    traffic::TrafficLog::note(*slots_.at(request.number), duration_us, request.event, {request.sent, request.received});
  }
}

void WorkerProcess::tell_progress(Request& request) {
  if (!request.is_followed) {
    return;
  }
  const Fate::Run run(fate_);
  traffic::InFlightSlot& slot = *slots_.at(request.number);
  request.tellings.push_back({next_number(), request.sent - slot.told_sent, request.received - slot.told_received, false});
  log_->tell_progress(slot, request.event);
  request.tellings.back().is_certain = true;
}

void WorkerProcess::end(Request& request) {
  const Fate::Run run(fate_);
  traffic::InFlightSlot* slot = request.is_followed ? slots_.at(request.number) : nullptr;
  request.recordings.push_back(next_number());
  request.event.set_bytes_sent(request.sent);
  request.event.set_bytes_received(request.received);
  log_->record(request.event, slot);
  request.fate = Request::Fate::Ended;
  forget_open(request);
}

void WorkerProcess::forget_open(const Request& request) {
  std::erase(open_, request.number);
  slots_.erase(request.number);
}

void WorkerProcess::on_time() {
  const Fate::Run run(fate_);
  sender_->on_time(now_);
}

void WorkerProcess::on_acknowledgement() {
  const Fate::Run run(fate_);
  sender_->take_acknowledgements(now_);
}

void WorkerProcess::ship() {
  const Fate::Run run(fate_);
  sender_->ship(now_);
}

void WorkerProcess::clear_away() {
  const Fate::Run run(fate_);
  in_flight_->remove_files();
  spool_->remove_files();
}

bool WorkerProcess::send(const proto::Batch& header, const traffic::Spool::Range& events) {
  const bool is_sent =
      network_.send(socket_, header.SerializeAsString(), std::string(reinterpret_cast<const char*>(events.bytes.data()), events.bytes.size()));
  WEIR_TRACE(place_.name + (is_sent ? ": sends " : ": cannot send ") + std::to_string(header.event_count()) + " from " +
             std::to_string(header.first_sequence()) + ", oldest " + std::to_string(header.oldest_sequence()) + ", lost " +
             std::to_string(header.lost_before()));
  return is_sent;
}

bool WorkerProcess::receive(proto::Ack& ack) {
  std::string frame;
  return network_.receive(socket_, frame) && ack.ParseFromString(frame);
}

void WorkerProcess::connect_anew() {
  WEIR_TRACE(place_.name + ": starts again");
  network_.close_socket(socket_);
  socket_ = network_.open_socket();
}

}  // namespace weir::simulation
