#include "reporter/verify/log_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/base/unique_fd.h"

namespace weir::verify {

namespace {

constexpr std::size_t kBlockBytes = 1u << 20;

LogReading unreadable(int code) {
  LogReading reading;
  reading.result = code == ENOENT ? LogReading::Result::Missing : LogReading::Result::Unreadable;
  reading.error = std::strerror(code);
  return reading;
}

// Puts lines together from blocks.
class LineSplitter {
 public:
  LineSplitter(const std::function<void(std::string_view, std::uint64_t)>& take, LogReading& reading) : take_(take), reading_(reading) {}

  void add(std::string_view block) {
    for (std::size_t end = block.find('\n'); end != std::string_view::npos; end = block.find('\n')) {
      if (begun_.empty()) {
        take_(block.substr(0, end), ++reading_.lines);
      } else {
        keep(block.substr(0, end));
        take_(begun_, ++reading_.lines);
        begun_.clear();
      }
      block.remove_prefix(end + 1);
    }
    keep(block);
  }

  bool is_in_line() const { return !begun_.empty(); }

 private:
  void keep(std::string_view piece) { begun_.append(piece.substr(0, kLineBytesMax - std::min(begun_.size(), kLineBytesMax))); }

  const std::function<void(std::string_view, std::uint64_t)>& take_;
  LogReading& reading_;
  std::string begun_;
};

}  // namespace

LogReading read_log(const std::filesystem::path& path, std::uint64_t length,
                    const std::function<void(std::string_view line, std::uint64_t number)>& take) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (!fd.is_open() || ::fstat(fd.value(), &status) != 0) {
    return unreadable(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return unreadable(EINVAL);
  }
  LogReading reading;
  reading.file_bytes = static_cast<std::uint64_t>(status.st_size);
  LineSplitter lines(take, reading);
  std::vector<char> block(kBlockBytes);
  while (reading.bytes < length) {
    const ssize_t count = ::read(fd.value(), block.data(), std::min<std::uint64_t>(block.size(), length - reading.bytes));
    if (count < 0 && errno != EINTR) {
      return unreadable(errno);
    }
    if (count == 0) {
      reading.result = LogReading::Result::Shorter;
      break;
    }
    if (count > 0) {
      lines.add({block.data(), static_cast<std::size_t>(count)});
      reading.bytes += static_cast<std::uint64_t>(count);
    }
  }
  reading.is_cut = lines.is_in_line();
  return reading;
}

}  // namespace weir::verify
