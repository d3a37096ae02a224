#include "collector/recorder.h"

#include <utility>

#include "common/base/crash_point.h"
#include "common/base/log.h"

namespace weir::collector {

std::unique_ptr<Recorder> Recorder::open(const std::filesystem::path& data_dir, const RecorderOptions& options, store::Error& error) {
  std::unique_ptr<Recorder> recorder(new Recorder);
  const std::filesystem::path path = data_dir / "Database" / "proxy_traffic.db";
  recorder->records_ = RecordStore::open(path, options.survives, error);
  if (!recorder->records_) {
    error.message = path.string() + ": " + error.message;
    return nullptr;
  }
  store::Database& database = recorder->records_->database();
  recorder->streams_ = StreamTable::open(database, error);
  if (!recorder->streams_) {
    return nullptr;
  }
  if (options.json_logs == JsonLogs::On) {
    error = {};
    recorder->json_log_ = JsonLog::open(data_dir, database, options.json_log_limits, options.survives, error.message);
    if (!recorder->json_log_) {
      return nullptr;
    }
  }
  return recorder;
}

bool Recorder::fail(const std::string& message) {
  error_ = message;
  return false;
}

Verdict Recorder::take(const Batch& batch, const std::string& routing_id, std::int64_t now_us) {
  Stream* stream = stream_of(batch, now_us);
  if (stream == nullptr) {
    return Verdict::Failed;
  }
  stream->routing_id = routing_id;
  stream->awaits_reply = true;
  if (batch.events.empty() || batch.last_sequence() <= stream->accepted.sequence) {
    return Verdict::Repeated;
  }
  if (batch.first_sequence > stream->accepted.sequence + 1) {
    stream->wants_resend = true;
    return Verdict::Jumped;
  }
  return insert_events(*stream, batch, now_us) ? Verdict::Accepted : Verdict::Failed;
}

// The batch's stream, entered when it is new, with a gap in place of events that no longer exist anywhere. Null when
// the database failed.
Stream* Recorder::stream_of(const Batch& batch, std::int64_t now_us) {
  bool failed = false;
  Stream* stream = streams_->find(batch.stream_id, failed);
  if (failed) {
    fail(streams_->error().message);
    return nullptr;
  }
  if (stream == nullptr) {
    stream = begin_if_needed() ? streams_->enter(batch.stream_id) : nullptr;
    if (stream == nullptr) {
      error_ = streams_->error().message.empty() ? error_ : streams_->error().message;
      return nullptr;
    }
  }
  return skip_lost(*stream, batch, now_us) ? stream : nullptr;
}

// Up to where the worker says that events are lost which we do not have; 0 when it says nothing of the kind.
std::uint64_t Recorder::lost_up_to(const Stream& stream, const Batch& batch) {
  const std::uint64_t next = stream.accepted.sequence + 1;
  const bool follows_a_hole = batch.lost_before > 0 && batch.first_sequence - batch.lost_before <= next;
  if (follows_a_hole && batch.first_sequence > next) {
    return batch.first_sequence - 1;
  }
  // Older workers do not say what they still have: a stream that is new to us begins where its first batch does (the
  // database was removed while the spool lived on).
  const bool is_unknown = stream.accepted.sequence == 0 && stream.is_new;
  const std::uint64_t oldest = batch.oldest_sequence != 0 ? batch.oldest_sequence : is_unknown ? batch.first_sequence : 0;
  return oldest > next ? oldest - 1 : 0;
}

bool Recorder::skip_lost(Stream& stream, const Batch& batch, std::int64_t now_us) {
  const std::uint64_t first = stream.accepted.sequence + 1;
  const std::uint64_t last = lost_up_to(stream, batch);
  if (last == 0) {
    return true;
  }
  if (!begin_if_needed()) {
    return false;
  }
  if (!streams_->record_gap(batch.stream_id, stream, last, now_us)) {
    return fail(streams_->error().message);
  }
  WEIR_CRASH_POINT("recorder.gap");
  pending_lost_events_ += last - first + 1;
  if (gap_warning_.admits(Throttle::Clock::now())) {
    base::log_warning("stream " + batch.stream_id + ": " + std::to_string(last - first + 1) + " events are lost, " + std::to_string(first) +
                      " to " + std::to_string(last) + "; recorded as a gap" + gap_warning_.take_held_back());
  }
  return true;
}

bool Recorder::insert_events(Stream& stream, const Batch& batch, std::int64_t now_us) {
  if (!begin_if_needed()) {
    return false;
  }
  for (std::size_t index = stream.accepted.sequence + 1 - batch.first_sequence; index < batch.events.size(); ++index) {
    const TrafficRecord& record = decoder_.decode(batch.events[index], now_us);
    unreadable_events_ += record.reason == kUnreadableRecord ? 1 : 0;
    const auto id = records_->insert(record, {stream.number, batch.first_sequence + index});
    if (!id) {
      return fail(records_->error().message);
    }
    if (json_log_ && record.kind == RecordKind::Request) {
      json_log_->append(record, *id);
    }
    if (!streams_->move_on(batch.stream_id, stream, *id)) {
      return fail(streams_->error().message);
    }
    ++pending_events_;
    WEIR_CRASH_POINT("recorder.inserted");
  }
  return true;
}

bool Recorder::begin_if_needed() {
  if (!is_in_transaction_ && !records_->begin()) {
    return fail(records_->error().message);
  }
  is_in_transaction_ = true;
  WEIR_CRASH_POINT("recorder.in_transaction");
  return true;
}

bool Recorder::commit() {
  if (!is_in_transaction_) {
    return true;
  }
  std::string failed;
  if (json_log_ && !json_log_->write(failed)) {
    return fail(failed);
  }
  WEIR_CRASH_POINT("recorder.lines_written");
  if (!streams_->save_positions()) {
    return fail(streams_->error().message);
  }
  WEIR_CRASH_POINT("recorder.positions_saved");
  if (!records_->commit()) {
    return fail(records_->error().message);
  }
  WEIR_CRASH_POINT("recorder.committed");
  is_in_transaction_ = false;
  pending_events_ = 0;
  lost_events_ += std::exchange(pending_lost_events_, 0);
  streams_->commit();
  if (json_log_) {
    json_log_->commit();
  }
  return true;
}

void Recorder::roll_back() {
  records_->roll_back();
  WEIR_CRASH_POINT("recorder.rolled_back");
  is_in_transaction_ = false;
  pending_events_ = 0;
  pending_lost_events_ = 0;
  streams_->roll_back();
  if (json_log_) {
    json_log_->roll_back();
  }
}

}  // namespace weir::collector
