// Signals as something to poll: blocked for the process and read from a descriptor. Opened in main before any thread is
// started, so that every thread has them blocked.
#pragma once

#include <optional>
#include <string>

#include "common/base/unique_fd.h"

namespace weir::collector {

class SignalQueue {
 public:
  // SIGTERM, SIGINT and SIGHUP.
  static std::optional<SignalQueue> open(std::string& error);

  int fd() const { return fd_.value(); }
  // The next signal that has come, if one has.
  std::optional<int> next();

 private:
  explicit SignalQueue(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace weir::collector
