#include "reporter/verify/lock_holder.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>

namespace weir::verify {

// A line of /proc/locks: "12: FLOCK  ADVISORY  WRITE 1234 fe:01:131099 0 EOF". The device is not compared: some file
// systems show another one there than to stat(2). The pid that the holder wrote into its file is.
std::optional<pid_t> lock_holder(const std::filesystem::path& path) {
  struct stat status {};
  pid_t written = 0;
  if (::stat(path.c_str(), &status) != 0 || !(std::ifstream(path) >> written)) {
    return std::nullopt;
  }
  const std::string inode = ":" + std::to_string(status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, strength, access, file;
    pid_t holder = 0;
    words >> number >> kind >> strength >> access >> holder >> file;
    if (kind == "FLOCK" && holder == written && file.ends_with(inode)) {
      return holder;
    }
  }
  return std::nullopt;
}

}  // namespace weir::verify
