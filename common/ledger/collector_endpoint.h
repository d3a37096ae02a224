// Where workers and collector meet: the option --collector-endpoint as ZeroMQ takes it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/base/unique_fd.h"

namespace weir::ledger {

struct CollectorEndpoint {
  enum class Kind { SameHost, Network };  // ipc and tcp
  enum class Side { Listens, Connects };

  Kind kind = Kind::SameHost;
  std::string address;              // "ipc://..." or "tcp://..."
  std::filesystem::path socket;     // of ipc; empty when it is not in the file system
  base::UniqueFd folder;            // keeps a shortened ipc address valid for as long as it is open
};

// `option` is "ipc://PATH", "tcp://ADDRESS:PORT" or empty for the socket in the data directory. A worker that shares a
// configuration with a collector that listens on every address connects to this machine. On failure `error` says why.
std::optional<CollectorEndpoint> collector_endpoint(const std::string& option, CollectorEndpoint::Side side,
                                                    const std::filesystem::path& data_dir, std::string& error);

}  // namespace weir::ledger
