#include "collector/recorder.h"

#include "common/base/log.h"

namespace weir::collector {

std::unique_ptr<Recorder> Recorder::open(const std::filesystem::path& data_dir, JsonLogs json_logs, store::Error& error) {
  return open(data_dir, json_logs, JsonLogLimits{}, error);
}

std::unique_ptr<Recorder> Recorder::open(const std::filesystem::path& data_dir, JsonLogs json_logs, const JsonLogLimits& limits,
                                         store::Error& error) {
  std::unique_ptr<Recorder> recorder(new Recorder);
  const std::filesystem::path path = data_dir / "Database" / "proxy_traffic.db";
  recorder->records_ = RecordStore::open(path, error);
  if (!recorder->records_) {
    error.message = path.string() + ": " + error.message;
    return nullptr;
  }
  store::Database& database = recorder->records_->database();
  recorder->streams_ = StreamTable::open(database, error);
  if (!recorder->streams_) {
    return nullptr;
  }
  if (json_logs == JsonLogs::On) {
    error = {};
    recorder->json_log_ = JsonLog::open(data_dir, database, limits, error.message);
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
  if (batch.events.empty() || batch.last_sequence() <= stream->accepted) {
    return Verdict::Repeated;
  }
  if (batch.first_sequence > stream->accepted + 1) {
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

bool Recorder::skip_lost(Stream& stream, const Batch& batch, std::int64_t now_us) {
  // Older workers do not say what they still have: a stream that is new to us begins where its first batch does (the
  // database was removed while the spool lived on).
  const bool is_unknown = stream.accepted == 0 && stream.committed == 0 && stream.is_new;
  const std::uint64_t oldest = batch.oldest_sequence != 0 ? batch.oldest_sequence : is_unknown ? batch.first_sequence : 0;
  if (oldest <= stream.accepted + 1) {
    return true;
  }
  if (!begin_if_needed()) {
    return false;
  }
  if (!streams_->record_gap(batch.stream_id, stream.accepted + 1, oldest - 1, now_us)) {
    return fail(streams_->error().message);
  }
  base::log_warning("stream " + batch.stream_id + ": events " + std::to_string(stream.accepted + 1) + " to " +
                    std::to_string(oldest - 1) + " are lost; recorded as a gap");
  stream.accepted = oldest - 1;
  return true;
}

bool Recorder::insert_events(Stream& stream, const Batch& batch, std::int64_t now_us) {
  if (!begin_if_needed()) {
    return false;
  }
  for (std::size_t index = stream.accepted + 1 - batch.first_sequence; index < batch.events.size(); ++index) {
    const TrafficRecord& record = decoder_.decode(batch.events[index], now_us);
    unreadable_events_ += record.reason == kUnreadableRecord ? 1 : 0;
    const auto id = records_->insert(record, {stream.number, batch.first_sequence + index});
    if (!id) {
      return fail(records_->error().message);
    }
    if (json_log_) {
      json_log_->append(record, *id);
    }
    stream.accepted = batch.first_sequence + index;
    ++pending_events_;
  }
  return true;
}

bool Recorder::begin_if_needed() {
  if (!is_in_transaction_ && !records_->begin()) {
    return fail(records_->error().message);
  }
  is_in_transaction_ = true;
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
  if (!streams_->save_positions()) {
    return fail(streams_->error().message);
  }
  if (!records_->commit()) {
    return fail(records_->error().message);
  }
  is_in_transaction_ = false;
  pending_events_ = 0;
  streams_->commit();
  if (json_log_) {
    json_log_->commit();
  }
  return true;
}

void Recorder::roll_back() {
  records_->roll_back();
  is_in_transaction_ = false;
  pending_events_ = 0;
  streams_->roll_back();
  if (json_log_) {
    json_log_->roll_back();
  }
}

}  // namespace weir::collector
