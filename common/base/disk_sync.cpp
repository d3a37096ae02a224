#include "common/base/disk_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/unique_fd.h"

namespace weir::base {

bool sync_file(int fd) {
  int result = 0;
  while ((result = ::fdatasync(fd)) != 0 && errno == EINTR) {
  }
  return result == 0;
}

bool sync_folder(const std::filesystem::path& folder, std::string& error) {
  const UniqueFd fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.is_open() && ::fsync(fd.value()) == 0) {
    return true;
  }
  error = folder.string() + ": cannot sync: " + std::strerror(errno);
  return false;
}

}  // namespace weir::base
