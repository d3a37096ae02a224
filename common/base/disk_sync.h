// Waits until the disk has what was written, for --durability power. Any process, any thread.
#pragma once

#include <filesystem>
#include <string>

namespace weir::base {

// The file's content and length. False, with errno, when that failed.
[[nodiscard]] bool sync_file(int fd);
// The names in a folder: a new file is there after a power failure only when its folder was synced. On failure `error`
// says why.
[[nodiscard]] bool sync_folder(const std::filesystem::path& folder, std::string& error);

}  // namespace weir::base
