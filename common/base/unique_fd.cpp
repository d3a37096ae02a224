#include "common/base/unique_fd.h"

#include <unistd.h>

namespace weir::base {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) {
    // Linux frees the descriptor even when close reports an error: never try again.
    ::close(fd_);
  }
  fd_ = fd;
}

}  // namespace weir::base
