// Which boot of the machine this is: times of CLOCK_BOOTTIME that were kept in a file mean nothing in another one. Any
// process, any thread.
#pragma once

#include <array>
#include <optional>
#include <string>

namespace weir::base {

using BootId = std::array<char, 40>;  // 36 characters, then zeros

// On failure `error` says what and why.
std::optional<BootId> read_boot_id(std::string& error);

}  // namespace weir::base
