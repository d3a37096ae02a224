#include "common/base/boot_id.h"

#include <algorithm>
#include <fstream>

namespace weir::base {

std::optional<BootId> read_boot_id(std::string& error) {
  constexpr const char* kPath = "/proc/sys/kernel/random/boot_id";
  std::ifstream file(kPath);
  std::string line;
  if (!std::getline(file, line) || line.empty()) {
    error = std::string(kPath) + ": cannot read; is /proc mounted?";
    return std::nullopt;
  }
  BootId id{};
  std::copy_n(line.begin(), std::min(line.size(), id.size()), id.begin());
  return id;
}

}  // namespace weir::base
