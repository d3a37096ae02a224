// What to undo in the JSON logs when the collector dies between writing them and committing the transaction that they
// belong to. The note is written before the logs are, and names the transaction: at the next start, if that one is not
// in the database, each file goes back to the length that it had.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"

namespace weir::collector {

struct FileLength {
  std::string name;  // path below the data directory
  ino_t inode = 0;   // a file that was replaced since is left alone
  std::int64_t bytes = 0;
};

struct UndoNote {
  std::string database_id;  // from the database's meta table, one word
  std::int64_t transaction = 0;
  std::vector<FileLength> files;
};

// The note as text, and back. Nothing when the text is not whole: then no log was touched yet.
std::string to_text(const UndoNote& note);
std::optional<UndoNote> parse_undo_note(const std::string& text);

// Truncates each file of the note that is longer than it says and still the same file. Gives how many it changed.
std::size_t undo(const UndoNote& note, const std::filesystem::path& root);

class UndoNoteFile {
 public:
  // Opens or creates the file. Nothing with `error` when that failed.
  static std::optional<UndoNoteFile> open(const std::filesystem::path& path, std::string& error);

  std::optional<UndoNote> read() const;
  // Replaces the note. False, with errno, when that failed.
  [[nodiscard]] bool write(const UndoNote& note);
  // Waits until the disk has it. False, with errno, when that failed.
  [[nodiscard]] bool sync() const;

 private:
  explicit UndoNoteFile(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace weir::collector
