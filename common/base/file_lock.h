// An exclusive lock that one process holds on a file for as long as it lives (flock: the kernel drops it at death).
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/unique_fd.h"

namespace weir::base {

class FileLock {
 public:
  // Creates `path` if need be, waits up to `patience` for the lock and writes this process's pid into the file. On
  // failure `error` names the file and, when another process holds the lock, that process's pid.
  static std::optional<FileLock> acquire(const std::filesystem::path& path, std::chrono::milliseconds patience,
                                         std::string& error);

  // Locks a folder itself, at once or not at all; nobody can tell whose lock it is.
  static std::optional<FileLock> acquire_folder(const std::filesystem::path& folder, std::string& error);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace weir::base
