// The log files that are open for appending: at most so many at once, the least recently used is closed first. Notices
// when a file was renamed or removed (logrotate) and makes a new one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/unique_fd.h"

namespace weir::collector {

struct OpenFile {
  std::string name;  // path below the root
  base::UniqueFd fd;
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t size = 0;  // at the last acquire()
};

class OpenFiles {
 public:
  enum class Creation { Allowed, Forbidden };

  OpenFiles(std::filesystem::path root, std::size_t open_max) : root_(std::move(root)), open_max_(open_max) {}

  // The file of that name, open, with its present size; valid until the next call. Null with errno when it cannot be
  // opened: ENOENT when it does not exist and must not be made, EINVAL when it is not a regular file.
  OpenFile* acquire(const std::string& name, Creation creation);
  // The file of that name as the last acquire() left it, whatever has happened to its name since. Null when it is not
  // open any more.
  OpenFile* find(const std::string& name);
  // Whether the last acquire() made the file.
  bool has_created() const { return has_created_; }
  std::size_t open_count() const { return files_.size(); }

 private:
  bool is_in_place(OpenFile& file) const;
  base::UniqueFd open(const std::string& name, Creation creation);
  OpenFile* enter(const std::string& name, base::UniqueFd fd);

  std::filesystem::path root_;
  std::size_t open_max_;
  std::list<OpenFile> files_;  // the most recently used first
  std::unordered_map<std::string_view, std::list<OpenFile>::iterator> by_name_;  // keys point into files_
  bool has_created_ = false;
};

}  // namespace weir::collector
