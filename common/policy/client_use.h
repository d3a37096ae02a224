// What each client uses, over all workers, in shared memory: connections and tunnels that are open now, octets of today,
// and the pace of its traffic. Lock-free; what a killed worker had open is forgotten when its successor starts, what was
// moved stays counted. Each worker has its own part for what is open, all share one for what is moved.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "common/base/ip_address.h"
#include "common/base/mapped_file.h"

namespace weir::policy {

class ClientUse {
 public:
  // Clients with something open in one worker, and clients that moved something today. Of more than that one is forgotten
  // among those in the same place of the table: the one with least open, the one that was seen longest ago.
  static constexpr std::size_t kOpenClientsMax = 8'192;
  static constexpr std::size_t kMovingClientsMax = 65'536;
  static constexpr std::size_t kWorkersMax = 512;

  // Opens or creates the table; what this worker's predecessor had open is forgotten. Only workers of the same `family` (the
  // pid of the supervisor, 0 without one) are counted together: others ended without taking back what they had open. On
  // failure `error` says why.
  static std::optional<ClientUse> open(const std::filesystem::path& path, std::uint32_t worker_id, std::uint32_t family, std::string& error);

  enum class Kind { Connection, Tunnel };
  // Counts one more, and gives how many the client has now over all workers, this one included.
  std::uint32_t begin(const base::IpAddress& client, Kind kind);
  void end(const base::IpAddress& client, Kind kind);

  // `day`: days since the epoch. Counts octets, and gives the day's sum. `now`: CLOCK_BOOTTIME, the same in all workers.
  std::uint64_t add_bytes(const base::IpAddress& client, std::uint32_t day, std::uint64_t bytes, std::chrono::microseconds now);

  // The client has moved that many octets; how long it is to pause so that it keeps to `bytes_per_second`. What it may have
  // at once is what it may move in a second.
  std::chrono::microseconds pace(const base::IpAddress& client, std::uint64_t bytes, std::uint64_t bytes_per_second,
                                 std::chrono::microseconds now);

 private:
  struct Header;
  struct Open;
  struct Moved;

  ClientUse(base::MappedFile file, std::uint32_t worker_id, std::uint32_t family)
      : file_(std::move(file)), worker_id_(worker_id), family_(family) {}
  Header& header() const;
  std::span<Open> open_of(std::uint32_t worker_id) const;
  std::span<Moved> moved() const;
  Moved& moved_of(std::uint64_t key, std::chrono::microseconds now) const;
  std::uint64_t key_of(const base::IpAddress& client) const;

  base::MappedFile file_;
  std::uint32_t worker_id_ = 0;
  std::uint32_t family_ = 0;
};

}  // namespace weir::policy
