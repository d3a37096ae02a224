#include "collector/open_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace weir::collector {

OpenFile* OpenFiles::acquire(const std::string& name, Creation creation) {
  has_created_ = false;
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    const auto file = found->second;
    if (is_in_place(*file)) {
      files_.splice(files_.begin(), files_, file);
      return &*file;
    }
    by_name_.erase(found);
    files_.erase(file);
  }
  base::UniqueFd fd = open(name, creation);
  return fd.is_open() ? enter(name, std::move(fd)) : nullptr;
}

OpenFile* OpenFiles::find(const std::string& name) {
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? &*found->second : nullptr;
}

bool OpenFiles::is_in_place(OpenFile& file) const {
  struct stat status {};
  if (::lstat((root_ / file.name).c_str(), &status) != 0 || status.st_dev != file.device || status.st_ino != file.inode) {
    return false;
  }
  file.size = status.st_size;
  return true;
}

base::UniqueFd OpenFiles::open(const std::string& name, Creation creation) {
  constexpr int kAppend = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const std::filesystem::path path = root_ / name;
  base::UniqueFd fd(::open(path.c_str(), kAppend));
  if (fd.is_open() || errno != ENOENT || creation == Creation::Forbidden) {
    return fd;
  }
  fd.reset(::open(path.c_str(), kAppend | O_CREAT | O_EXCL, 0600));
  if (!fd.is_open() && errno == ENOENT) {  // the folder was removed
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    fd.reset(::open(path.c_str(), kAppend | O_CREAT | O_EXCL, 0600));
  }
  has_created_ = fd.is_open();
  return fd;
}

OpenFile* OpenFiles::enter(const std::string& name, base::UniqueFd fd) {
  struct stat status {};
  if (::fstat(fd.value(), &status) != 0) {
    return nullptr;
  }
  if (!S_ISREG(status.st_mode)) {
    errno = EINVAL;
    return nullptr;
  }
  if (files_.size() >= open_max_) {
    by_name_.erase(files_.back().name);
    files_.pop_back();
  }
  files_.push_front({name, std::move(fd), status.st_dev, status.st_ino, status.st_size});
  by_name_.emplace(files_.front().name, files_.begin());
  return &files_.front();
}

}  // namespace weir::collector
