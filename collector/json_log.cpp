#include "collector/json_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "collector/json_line.h"
#include "collector/log_name.h"
#include "common/base/crash_point.h"
#include "common/base/disk_sync.h"
#include "common/base/log.h"

namespace weir::collector {

namespace {

// Names that are kept with their buffers from one transaction to the next, and what those may take together: a
// transaction has about 16 MiB of lines.
constexpr std::size_t kPendingNamesMax = 512;
constexpr std::size_t kKeptBufferBytesMax = 64u << 20;

// All of them, however often the kernel takes only a part.
bool write_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      errno = written == 0 ? ENOSPC : errno;
      return false;
    }
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Failures that concern one file only, for example a folder in its place; the others stop the transaction.
bool is_fault_of_file(int code) {
  return code == EINVAL || code == EISDIR || code == ELOOP || code == EACCES || code == EPERM || code == ENXIO || code == ENAMETOOLONG;
}

std::string failure(const std::filesystem::path& path, std::string_view what) {
  return path.string() + ": " + std::string(what) + ": " + std::strerror(errno);
}

// How a file stands after an earlier process: whether it is missing or shorter than committed. Cuts a longer one.
enum class Restored { AsCommitted, Cut, Shorter, Missing };

Restored restore_length(const std::filesystem::path& path, std::int64_t committed) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Restored::Missing;
  }
  if (status.st_size <= committed) {
    return status.st_size < committed ? Restored::Shorter : Restored::AsCommitted;
  }
  return ::truncate(path.c_str(), committed) == 0 ? Restored::Cut : Restored::AsCommitted;
}

}  // namespace

JsonLog::JsonLog(const std::filesystem::path& data_dir, store::Database& database, const JsonLogLimits& limits,
                 store::Survives survives, UndoNoteFile undo_file)
    : data_dir_(data_dir),
      database_(database),
      limits_(limits),
      survives_(survives),
      files_(data_dir, limits.open_files_max),
      undo_file_(std::move(undo_file)) {}

std::unique_ptr<JsonLog> JsonLog::open(const std::filesystem::path& data_dir, store::Database& database,
                                       const JsonLogLimits& limits, store::Survives survives, std::string& error) {
  auto undo_file = UndoNoteFile::open(data_dir / "run" / "json_undo", error);
  if (!undo_file) {
    return nullptr;
  }
  std::unique_ptr<JsonLog> log(new JsonLog(data_dir, database, limits, survives, std::move(*undo_file)));
  return log->prepare_statements(error) && log->restore_lengths(error) ? std::move(log) : nullptr;
}

bool JsonLog::prepare_statements(std::string& error) {
  store::Error failed;
  set_length_ = database_.prepare("note log length", "INSERT OR REPLACE INTO json_file (path, committed_bytes) VALUES (?1, ?2)", failed);
  set_transaction_ = database_.prepare("number transaction", "INSERT OR REPLACE INTO meta (name, value) VALUES ('json_transaction', ?1)", failed);
  error = failed.message;
  return set_length_ && set_transaction_;
}

bool JsonLog::restore_lengths(std::string& error) {
  store::Error failed;
  note_.transaction =
      database_.query_integer("read transaction number", "SELECT value FROM meta WHERE name = 'json_transaction'", failed).value_or(0);
  auto identity = database_.prepare("read database id", "SELECT value FROM meta WHERE name = 'database_id'", failed);
  if (identity && identity->step() == store::Step::Row) {
    note_.database_id = identity->text(0);
  }
  // A note about another database (ours was removed or replaced) tells nothing about what was committed.
  const auto note = undo_file_.read();
  const bool is_uncommitted = note && note->database_id == note_.database_id && note->transaction > note_.transaction;
  std::size_t cut = is_uncommitted ? undo(*note, data_dir_) : 0;
  auto select = database_.prepare("read log lengths", "SELECT path, committed_bytes FROM json_file", failed);
  auto forget = database_.prepare("forget log", "DELETE FROM json_file WHERE path = ?1", failed);
  if (!select || !forget) {
    error = failed.message;
    return false;
  }
  std::vector<std::string> missing;
  std::size_t shorter = 0;
  store::Step step = store::Step::Row;
  while ((step = select->step()) == store::Step::Row) {
    const std::string name(select->text(0));
    const Restored restored = restore_length(data_dir_ / name, select->integer(1));
    WEIR_CRASH_POINT("json_log.restored");
    cut += restored == Restored::Cut ? 1 : 0;
    shorter += restored == Restored::Shorter ? 1 : 0;
    if (restored == Restored::Missing) {
      missing.push_back(name);
    } else {
      ++file_count_;
    }
  }
  if (step == store::Step::Failed) {
    error = select->error().message;
    return false;
  }
  select->reset();
  for (const std::string& name : missing) {
    if (!forget->bind(1, std::string_view(name)).run()) {
      error = forget->error().message;
      return false;
    }
  }
  if (cut > 0) {
    base::log_info("cut " + std::to_string(cut) + " log files back to what was committed");
  }
  if (!missing.empty() || shorter > 0) {
    base::log_info(std::to_string(missing.size()) + " log files were removed and " + std::to_string(shorter) +
                   " shortened while the collector was away; going on from what is there");
  }
  return true;
}

void JsonLog::append(const TrafficRecord& record, std::int64_t request_id) {
  name_log_file(record, name_);
  LineBuffer& lines = pending_[name_];
  const std::size_t begin = lines.size();
  append_json_line(lines, record, request_id, time_text_);
  pending_bytes_ += lines.size() - begin;
}

bool JsonLog::write(std::string& error) {
  if (pending_bytes_ == 0) {
    return true;
  }
  if (!note_lengths(error)) {
    return false;
  }
  for (const FileLength& file : note_.files) {
    if (!write_file(file.name, pending_[file.name].text(), error)) {
      return false;
    }
    WEIR_CRASH_POINT("json_log.written");
  }
  if (survives_ == store::Survives::PowerFailure && !sync_files(error)) {
    return false;
  }
  if (!set_transaction_->bind(1, note_.transaction).run()) {
    error = set_transaction_->error().message;
    return false;
  }
  return true;
}

// Opens or creates every file that has lines, and notes its length before the first of them is written.
bool JsonLog::note_lengths(std::string& error) {
  note_.files.clear();
  ++note_.transaction;
  std::vector<std::string> names;
  for (const auto& [name, lines] : pending_) {
    if (!lines.is_empty() && name != kOverflowLog) {
      names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    if (const OpenFile* file = acquire(name, error)) {
      note_.files.push_back({name, file->inode, file->size});
    } else if (error.empty()) {
      move_to_overflow(name);
    } else {
      return false;
    }
  }
  const std::string overflow(kOverflowLog);
  if (!pending_[overflow].is_empty()) {
    const OpenFile* file = files_.acquire(overflow, OpenFiles::Creation::Allowed);
    if (file == nullptr) {
      error = failure(data_dir_ / overflow, "cannot open");
      return false;
    }
    has_created_ = has_created_ || files_.has_created();
    note_.files.push_back({overflow, file->inode, file->size});
  }
  WEIR_CRASH_POINT("json_log.lengths_noted");
  return write_undo_note(error);
}

// What is written into the logs may reach the disk at any time: before that, the note of how to take it back must.
bool JsonLog::write_undo_note(std::string& error) {
  if (undo_file_.write(note_) && (survives_ == store::Survives::Kill || undo_file_.sync())) {
    return true;
  }
  error = failure(data_dir_ / "run" / "json_undo", "cannot write");
  return false;
}

// The file whose length was noted, if it is still open: with many files, it may have been closed for another since.
OpenFile* JsonLog::noted_file(const std::string& name) {
  OpenFile* file = files_.find(name);
  return file != nullptr ? file : files_.acquire(name, OpenFiles::Creation::Forbidden);
}

bool JsonLog::sync_files(std::string& error) {
  // All begin to be written before the first is waited for.
  for (const FileLength& noted : note_.files) {
    if (const OpenFile* file = noted_file(noted.name)) {
      ::sync_file_range(file->fd.value(), 0, 0, SYNC_FILE_RANGE_WRITE);
    }
  }
  for (const FileLength& noted : note_.files) {
    const OpenFile* file = noted_file(noted.name);
    if (file == nullptr || !base::sync_file(file->fd.value())) {
      error = failure(data_dir_ / noted.name, "cannot sync");
      return false;
    }
  }
  if (has_created_) {
    for (const std::string_view folder : {kTrafficFolder, kBlockedFolder}) {
      if (!base::sync_folder(data_dir_ / folder, error)) {
        return false;
      }
    }
  }
  return true;
}

// Null without `error`: the lines are to go to the common file instead.
OpenFile* JsonLog::acquire(const std::string& name, std::string& error) {
  const bool may_create = file_count_ < limits_.files_max;
  OpenFile* file = files_.acquire(name, may_create ? OpenFiles::Creation::Allowed : OpenFiles::Creation::Forbidden);
  if (file != nullptr) {
    file_count_ += files_.has_created() ? 1 : 0;
    has_created_ = has_created_ || files_.has_created();
    return file;
  }
  const bool is_over_limit = errno == ENOENT && !may_create;
  if (!is_over_limit && !is_fault_of_file(errno)) {
    error = failure(data_dir_ / name, "cannot open");
  } else if (overflow_warning_.admits(Throttle::Clock::now())) {
    base::log_warning((is_over_limit ? "there are " + std::to_string(file_count_) + " log files, no more are made"
                                     : failure(data_dir_ / name, "cannot open")) +
                      "; its lines go to " + std::string(kOverflowLog) + overflow_warning_.take_held_back());
  }
  return nullptr;
}

void JsonLog::move_to_overflow(const std::string& name) {
  LineBuffer& overflow = pending_[std::string(kOverflowLog)];
  LineBuffer& lines = pending_[name];
  overflow.append(lines.text());
  lines.clear();
}

bool JsonLog::write_file(const std::string& name, std::string_view lines, std::string& error) {
  OpenFile* file = noted_file(name);
  struct stat status {};
  if (file == nullptr || !write_all(file->fd.value(), lines) || ::fstat(file->fd.value(), &status) != 0) {
    error = failure(data_dir_ / name, "cannot write");
    return false;
  }
  if (!set_length_->bind(1, std::string_view(name)).bind(2, std::int64_t{status.st_size}).run()) {
    error = set_length_->error().message;
    return false;
  }
  return true;
}

void JsonLog::commit() {
  note_.files.clear();
  has_created_ = false;
  forget_pending();
}

void JsonLog::roll_back() {
  undo(note_, data_dir_);
  WEIR_CRASH_POINT("json_log.undone");
  note_.files.clear();
  forget_pending();
}

void JsonLog::forget_pending() {
  pending_bytes_ = 0;
  std::size_t kept_bytes = 0;
  for (auto& [name, lines] : pending_) {
    lines.clear();
    kept_bytes += lines.capacity();
  }
  if (pending_.size() > kPendingNamesMax || kept_bytes > kKeptBufferBytesMax) {
    pending_.clear();
  }
}

}  // namespace weir::collector
