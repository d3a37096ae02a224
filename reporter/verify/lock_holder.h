// Who holds a lock file (common/base/file_lock.h), without touching the lock: an attempt to take it could make a starting
// process fail.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace weir::verify {

// Nothing when nobody does, or when /proc does not tell.
std::optional<pid_t> lock_holder(const std::filesystem::path& path);

}  // namespace weir::verify
