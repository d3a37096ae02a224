// How far the collector has come in each worker's stream: what is committed, and what the open transaction adds. Owned
// by the Recorder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "collector/batch.h"
#include "common/store/database.h"

namespace weir::collector {

// How far a stream has come.
struct StreamPosition {
  std::uint64_t sequence = 0;
  std::optional<std::int64_t> completed_at_us;  // of that event; nothing when there was none
  // Set while all before `sequence` is lost, down to this one, and no event behind it has come: the gap's end in time is
  // not known yet.
  std::optional<std::uint64_t> gap_begin;

  bool operator==(const StreamPosition&) const = default;
};

struct Stream {
  std::int64_t number = 0;  // in the stream table
  StreamPosition committed;
  StreamPosition accepted;  // committed, or taken in the open transaction
  bool is_new = false;      // was entered in the open transaction
  bool awaits_reply = false;
  bool wants_resend = false;
  std::string routing_id;  // who delivered last
};

class StreamTable {
 public:
  // `database` is borrowed and outlives the table.
  static std::optional<StreamTable> open(store::Database& database, store::Error& error);

  // The stream, if the collector knows it; `failed` when the database could not tell.
  Stream* find(const std::string& stream_id, bool& failed);
  // All within the open transaction; false (or null) when the database failed.
  Stream* enter(const std::string& stream_id);
  // Everything from the stream's position to `last` is lost for good: records that, and moves the position.
  [[nodiscard]] bool record_gap(const std::string& stream_id, Stream& stream, std::uint64_t last, std::int64_t now_us);
  // The event behind the position was recorded, under the time `completed_at_us`.
  [[nodiscard]] bool move_on(const std::string& stream_id, Stream& stream, std::int64_t completed_at_us);
  [[nodiscard]] bool save_positions();

  // After COMMIT and after ROLLBACK.
  void commit();
  void roll_back();
  // The answers that are due, with what is committed.
  std::vector<Reply> take_replies();
  const store::Error& error() const { return error_; }

 private:
  struct Statements {
    store::Statement select, insert, update, begin_gap, extend_gap, end_gap;
  };

  StreamTable(store::Database& database, Statements statements) : database_(&database), statements_(std::move(statements)) {}
  bool run(store::Statement& statement);

  store::Database* database_;  // owned by the RecordStore
  Statements statements_;
  std::unordered_map<std::string, Stream> streams_;
  store::Error error_;
};

}  // namespace weir::collector
