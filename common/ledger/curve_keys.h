// The keys with which workers and a collector on another host know each other (ZeroMQ's CURVE), as files in a folder.
// `collector --generate-keys DIR` makes them; docs/records.md says which host needs which.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::ledger {

inline constexpr std::string_view kCollectorSecretFile = "collector.secret";  // the collector's host only
inline constexpr std::string_view kCollectorPublicFile = "collector.public";  // every host
inline constexpr std::string_view kWorkerSecretFile = "worker.secret";        // the workers' host only
inline constexpr std::string_view kAllowedWorkersFile = "allowed-workers";    // the collector's host only

// Each key is 40 characters (Z85).
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

struct CollectorKeys {
  KeyPair own;
  std::vector<std::string> allowed_workers;  // their public keys
};

struct WorkerKeys {
  KeyPair own;
  std::string collector;  // its public key
};

// The keys for a tcp endpoint, from the folder of --collector-keys. Nothing with `error`, one line with the file and what
// is wrong: no folder was named, or a file is missing, malformed, or readable by other users.
std::optional<CollectorKeys> read_collector_keys(const std::filesystem::path& folder, std::string& error);
std::optional<WorkerKeys> read_worker_keys(const std::filesystem::path& folder, std::string& error);

}  // namespace weir::ledger
