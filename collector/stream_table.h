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

struct Stream {
  std::int64_t number = 0;  // in the stream table
  std::uint64_t committed = 0;
  std::uint64_t accepted = 0;  // committed, or taken in the open transaction
  bool is_new = false;         // was entered in the open transaction
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
  [[nodiscard]] bool record_gap(const std::string& stream_id, std::uint64_t first, std::uint64_t last, std::int64_t now_us);
  [[nodiscard]] bool save_positions();

  // After COMMIT and after ROLLBACK.
  void commit();
  void roll_back();
  // The answers that are due, with what is committed.
  std::vector<Reply> take_replies();
  const store::Error& error() const { return error_; }

 private:
  StreamTable(store::Database& database, store::Statement select, store::Statement insert, store::Statement update, store::Statement gap)
      : database_(&database), select_(std::move(select)), insert_(std::move(insert)), update_(std::move(update)), gap_(std::move(gap)) {}

  store::Database* database_;  // owned by the RecordStore
  store::Statement select_;
  store::Statement insert_;
  store::Statement update_;
  store::Statement gap_;
  std::unordered_map<std::string, Stream> streams_;
  store::Error error_;
};

}  // namespace weir::collector
