// The ZeroMQ endpoint of the collector's socket in a data directory. A Unix socket's path may have 107 octets at most;
// a longer one is named through a descriptor of its folder, so that any data directory works.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/base/unique_fd.h"

namespace weir::ledger {

struct IpcEndpoint {
  std::string address;      // "ipc://..."
  base::UniqueFd folder;    // keeps a shortened address valid for as long as it is open
};

// On failure `error` says why.
std::optional<IpcEndpoint> ipc_endpoint(const std::filesystem::path& socket_path, std::string& error);

}  // namespace weir::ledger
