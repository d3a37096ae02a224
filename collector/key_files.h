// Makes the key files of common/ledger/curve_keys.h.
#pragma once

#include <filesystem>
#include <string>

namespace weir::collector {

// New key pairs for a collector and for workers in `folder`, which is made if need be; secrets are readable by their
// owner only. Never overwrites: false with `error` when one of the files exists or cannot be made.
[[nodiscard]] bool generate_keys(const std::filesystem::path& folder, std::string& error);

}  // namespace weir::collector
