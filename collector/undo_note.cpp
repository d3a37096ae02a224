#include "collector/undo_note.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "common/base/crash_point.h"
#include "common/base/disk_sync.h"

namespace weir::collector {

namespace {

constexpr std::string_view kEnd = "end\n";

}  // namespace

// "undo <database id> <transaction>\n", then "<bytes> <inode> <name>\n" for each file, then "end\n".
std::string to_text(const UndoNote& note) {
  std::string text = "undo " + note.database_id + " " + std::to_string(note.transaction) + "\n";
  for (const FileLength& file : note.files) {
    text += std::to_string(file.bytes) + " " + std::to_string(file.inode) + " " + file.name + "\n";
  }
  return text.append(kEnd);
}

std::optional<UndoNote> parse_undo_note(const std::string& text) {
  std::istringstream in(text);
  std::string word;
  UndoNote note;
  if (!text.ends_with("\n" + std::string(kEnd)) || !(in >> word >> note.database_id >> note.transaction) || word != "undo") {
    return std::nullopt;
  }
  FileLength file;
  while (in >> file.bytes >> file.inode && std::getline(in >> std::ws, file.name)) {
    note.files.push_back(file);
  }
  return note;
}

std::size_t undo(const UndoNote& note, const std::filesystem::path& root) {
  std::size_t changed = 0;
  for (const FileLength& file : note.files) {
    const base::UniqueFd fd(::open((root / file.name).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (fd.is_open() && ::fstat(fd.value(), &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == file.inode &&
        status.st_size > file.bytes && ::ftruncate(fd.value(), file.bytes) == 0) {
      ++changed;
      WEIR_CRASH_POINT("json_log.cut");
    }
  }
  return changed;
}

std::optional<UndoNoteFile> UndoNoteFile::open(const std::filesystem::path& path, std::string& error) {
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) {
    error = path.string() + ": cannot open: " + std::strerror(errno);
    return std::nullopt;
  }
  return UndoNoteFile(std::move(fd));
}

std::optional<UndoNote> UndoNoteFile::read() const {
  std::string text;
  std::array<char, 16384> piece{};
  ssize_t length = 0;
  while ((length = ::pread(fd_.value(), piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(length));
  }
  return parse_undo_note(text);
}

bool UndoNoteFile::write(const UndoNote& note) {
  const std::string text = to_text(note);
  // Truncated first: a note that was written in part has no end and is ignored.
  if (::ftruncate(fd_.value(), 0) != 0) {
    return false;
  }
  WEIR_CRASH_POINT("undo_note.emptied");
  const ssize_t written = ::pwrite(fd_.value(), text.data(), text.size(), 0);
  if (written >= 0 && static_cast<std::size_t>(written) < text.size()) {
    errno = ENOSPC;
  }
  WEIR_CRASH_POINT("undo_note.written");
  return written == static_cast<ssize_t>(text.size());
}

bool UndoNoteFile::sync() const { return base::sync_file(fd_.value()); }

}  // namespace weir::collector
