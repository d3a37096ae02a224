#include "reporter/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "reporter/interruption.h"

namespace weir::reporter {

namespace {

std::string failure_line(const std::filesystem::path& path, int code) {
  return "cannot write " + path.string() + ": " + std::generic_category().message(code);
}

// The permissions that a file made by open(2) would have, instead of mkstemp's.
mode_t usual_permissions() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

// Names of this process's own descriptors. /dev/stdout may lead to a regular file, as after ">> all.csv" in a shell, which
// must be appended to and not replaced.
bool is_descriptor(const std::filesystem::path& path) {
  const std::string& name = path.native();
  return name.starts_with("/dev/std") || name.starts_with("/dev/fd/") || name.starts_with("/proc/");
}

// The file that takes the report's name: `path`, or what it leads to as a symbolic link; a link is never replaced, as it may
// be one that the whole machine uses. Nothing when `path` has to be opened and written to as it is.
std::optional<std::filesystem::path> replaceable(const std::filesystem::path& path) {
  std::error_code failed;
  const bool is_link = std::filesystem::is_symlink(std::filesystem::symlink_status(path, failed));
  const auto target = is_link ? std::filesystem::canonical(path, failed) : path;
  const auto status = std::filesystem::symlink_status(target, failed);
  const bool is_file = std::filesystem::is_regular_file(status) || (!is_link && !std::filesystem::exists(status));
  return is_file && !is_descriptor(path) ? std::optional(target) : std::nullopt;
}

}  // namespace

std::optional<OutputFile> OutputFile::create(const std::filesystem::path& path, std::string& error) {
  const auto target = replaceable(path);
  if (!target) {
    base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!fd.is_open()) {
      error = failure_line(path, errno);
      return std::nullopt;
    }
    return OutputFile(std::move(fd), path, {});
  }
  std::string temporary = (target->parent_path() / ".weir-report-XXXXXX").string();
  base::UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.is_open()) {
    error = failure_line(path, errno);
    return std::nullopt;
  }
  ::fchmod(fd.value(), usual_permissions());
  return OutputFile(std::move(fd), *target, std::move(temporary));
}

OutputFile OutputFile::standard_output() {
  return OutputFile(base::UniqueFd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)), "standard output", {});
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      is_reader_gone_(other.is_reader_gone_) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

bool OutputFile::write(std::string_view bytes, std::string& error) {
  while (!bytes.empty()) {
    if (is_interrupted()) {
      error = "interrupted";
      return false;
    }
    const ssize_t count = ::write(fd_.value(), bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) {
      is_reader_gone_ = errno == EPIPE;
      error = failure_line(path_, errno);
      return false;
    }
    bytes.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  return true;
}

bool OutputFile::commit(std::string& error) {
  if (temporary_.empty()) {
    return true;
  }
  // fsync tells of a full disk before the old file is gone.
  if (is_interrupted() || ::fsync(fd_.value()) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    error = failure_line(path_, is_interrupted() ? EINTR : errno);
    return false;
  }
  temporary_.clear();
  return true;
}

}  // namespace weir::reporter
