// Turns batches into rows, JSON lines and stream positions, one transaction for many batches, and says what may be
// acknowledged: nothing that is not committed. Takes its time from the caller and knows no socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/batch.h"
#include "collector/json_log.h"
#include "collector/record_store.h"
#include "collector/stream_table.h"
#include "collector/throttle.h"
#include "collector/traffic_record.h"

namespace weir::collector {

enum class JsonLogs { On, Off };

struct RecorderOptions {
  JsonLogs json_logs = JsonLogs::On;
  JsonLogLimits json_log_limits = {};
  store::Survives survives = store::Survives::Kill;  // what commit() stands, in database and logs
};

enum class Verdict {
  Accepted,  // its events are in the open transaction (fewer than it has, when it repeats some)
  Repeated,  // nothing new
  Jumped,    // events before it are missing; the reply will ask for them
  Failed,    // the database failed: roll_back()
};

class Recorder {
 public:
  // Opens the database and the logs below `data_dir`, whose folders exist. Null with `error` when that failed.
  static std::unique_ptr<Recorder> open(const std::filesystem::path& data_dir, const RecorderOptions& options, store::Error& error);

  // `routing_id` is where the reply goes; `now_us` is the wall clock.
  Verdict take(const Batch& batch, const std::string& routing_id, std::int64_t now_us);
  // Commits what was taken. False when that failed: roll_back(). True at once when there is nothing to commit.
  [[nodiscard]] bool commit();
  // Forgets what was taken since the last commit; the replies will ask for it again.
  void roll_back();
  // What to send: after commit(), or after roll_back() when the database is likely to work again.
  std::vector<Reply> take_replies() { return streams_->take_replies(); }

  std::uint64_t pending_events() const { return pending_events_; }
  std::size_t pending_bytes() const { return json_log_ ? json_log_->pending_bytes() : 0; }
  // Since the start: events that got a row of their own because they could not be read, and events in gaps.
  std::uint64_t unreadable_events() const { return unreadable_events_; }
  std::uint64_t lost_events() const { return lost_events_; }
  // Why the last take() or commit() failed.
  const std::string& error() const { return error_; }
  bool is_database_in_place() const { return records_->is_in_place(); }

 private:
  Recorder() = default;
  bool begin_if_needed();
  Stream* stream_of(const Batch& batch, std::int64_t now_us);
  static std::uint64_t lost_up_to(const Stream& stream, const Batch& batch);
  bool skip_lost(Stream& stream, const Batch& batch, std::int64_t now_us);
  bool insert_events(Stream& stream, const Batch& batch, std::int64_t now_us);
  bool fail(const std::string& message);

  std::unique_ptr<RecordStore> records_;
  std::optional<StreamTable> streams_;
  std::unique_ptr<JsonLog> json_log_;  // null when JSON logs are off
  RecordDecoder decoder_;
  bool is_in_transaction_ = false;
  std::uint64_t pending_events_ = 0;
  std::uint64_t unreadable_events_ = 0;
  std::uint64_t lost_events_ = 0;
  std::uint64_t pending_lost_events_ = 0;  // of the open transaction
  Throttle gap_warning_;
  std::string error_;
};

}  // namespace weir::collector
