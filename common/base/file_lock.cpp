#include "common/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace weir::base {

namespace {

constexpr std::chrono::milliseconds kRetryInterval(50);

std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t length = ::pread(fd, text.data(), text.size() - 1, 0);
  const std::string pid(text.data(), length > 0 ? std::strcspn(text.data(), "\n") : 0);
  return pid.empty() ? "another process" : "process " + pid;
}

bool write_pid(int fd) {
  const std::string text = std::to_string(::getpid()) + "\n";
  return ::ftruncate(fd, 0) == 0 && ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

}  // namespace

std::optional<FileLock> FileLock::acquire(const std::filesystem::path& path, std::chrono::milliseconds patience,
                                          std::string& error) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) {
    error = path.string() + ": cannot open: " + std::strerror(errno);
    return std::nullopt;
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.value(), LOCK_EX | LOCK_NB) < 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) {
      error = path.string() + ": " +
              (errno == EWOULDBLOCK ? "held by " + holder(fd.value()) : std::string(std::strerror(errno)));
      return std::nullopt;
    }
    std::this_thread::sleep_for(kRetryInterval);
  }
  if (!write_pid(fd.value())) {
    error = path.string() + ": cannot write: " + std::strerror(errno);
    return std::nullopt;
  }
  return FileLock(std::move(fd));
}

std::optional<FileLock> FileLock::acquire_folder(const std::filesystem::path& folder, std::string& error) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() || ::flock(fd.value(), LOCK_EX | LOCK_NB) < 0) {
    error = folder.string() + ": " + (fd.is_open() && errno == EWOULDBLOCK ? "held by another process" : std::strerror(errno));
    return std::nullopt;
  }
  return FileLock(std::move(fd));
}

}  // namespace weir::base
