// The JSON logs: collects the lines of one transaction, writes them with one write per file before the transaction is
// committed, and takes them back when it is not. Each line is there exactly once, whenever the process is killed.
// Owned by the Recorder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collector/line_buffer.h"
#include "collector/open_files.h"
#include "collector/throttle.h"
#include "collector/time_text.h"
#include "collector/traffic_record.h"
#include "collector/undo_note.h"
#include "common/store/database.h"

namespace weir::collector {

struct JsonLogLimits {
  std::size_t open_files_max = 256;
  // Log files in all; the lines of hosts beyond it go to one common file.
  std::size_t files_max = 65'536;
};

class JsonLog {
 public:
  // Puts right what an earlier process left behind: every file goes back to its committed length. `database` is
  // borrowed and outlives the log. Nothing with `error` when that failed.
  static std::unique_ptr<JsonLog> open(const std::filesystem::path& data_dir, store::Database& database,
                                       const JsonLogLimits& limits, store::Survives survives, std::string& error);

  void append(const TrafficRecord& record, std::int64_t request_id);
  std::size_t pending_bytes() const { return pending_bytes_; }

  // Within the open transaction: writes what was appended and notes the new lengths in the database; with
  // Survives::PowerFailure waits until the disk has it. False with `error` when the transaction cannot go on; then
  // roll_back().
  [[nodiscard]] bool write(std::string& error);
  // After the COMMIT.
  void commit();
  // Takes back what write() wrote and forgets what was appended.
  void roll_back();

 private:
  JsonLog(const std::filesystem::path& data_dir, store::Database& database, const JsonLogLimits& limits, store::Survives survives,
          UndoNoteFile undo_file);

  bool prepare_statements(std::string& error);
  bool restore_lengths(std::string& error);
  bool note_lengths(std::string& error);
  OpenFile* acquire(const std::string& name, std::string& error);
  void move_to_overflow(const std::string& name);
  bool write_file(const std::string& name, std::string_view lines, std::string& error);
  bool write_undo_note(std::string& error);
  bool sync_files(std::string& error);
  OpenFile* noted_file(const std::string& name);
  void forget_pending();

  std::filesystem::path data_dir_;
  store::Database& database_;  // owned by the RecordStore
  JsonLogLimits limits_;
  store::Survives survives_;
  OpenFiles files_;
  UndoNoteFile undo_file_;
  UndoNote note_;  // of this transaction, once write() has begun
  std::size_t file_count_ = 0;
  bool has_created_ = false;  // a file, in this transaction
  // The lines of the open transaction, by file: in one piece, which the kernel takes faster than many. Empty ones are kept.
  std::unordered_map<std::string, LineBuffer> pending_;
  std::size_t pending_bytes_ = 0;
  std::string name_;  // scratch
  TimeText time_text_;
  Throttle overflow_warning_;
  std::optional<store::Statement> set_length_;
  std::optional<store::Statement> set_transaction_;
};

}  // namespace weir::collector
