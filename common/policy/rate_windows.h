// How many requests each client made lately, in shared memory over all workers: an exact sliding window. Lock-free: a
// process may be killed at any instruction and leaves nothing behind that stops another. One object per process; calls
// from several threads are fine. See docs/decisions/0032-rate-windows.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/base/ip_address.h"
#include "common/policy/rate_table.h"

namespace weir::policy {

struct Admission {
  bool admitted;
  std::uint32_t requests_in_window;       // this one included, so a refused one sees limit + 1
  std::chrono::microseconds retry_after;  // 0 when admitted
};

class RateWindows {
 public:
  // The table in `path`, for at most `requests` (1..RateTable::kRequestsMax) in any `window`. Created, or, when it was
  // made for another limit, window, layout or boot, replaced by a new file (a worker that still maps the old one keeps
  // it). Room is for `clients_max` clients, or fewer where their rings would need more than RateTable::kFileBytesMax.
  // On failure `error` says what and why.
  static std::optional<RateWindows> open(const std::filesystem::path& path, std::uint32_t requests,
                                         std::chrono::milliseconds window, std::string& error,
                                         std::uint64_t clients_max = RateTable::kClientsMax);

  // Counts one request of `client` unless its window is full. `now` is CLOCK_BOOTTIME, the same clock in all workers.
  // The window is half open: a request exactly `window` after the oldest one that counts is admitted.
  Admission admit(const base::IpAddress& client, std::chrono::microseconds now);

  std::size_t clients_max() const { return table_.clients_max(); }
  // How many clients lost a window that still counted, because more were active than the table holds.
  std::uint64_t live_evictions() const { return table_.live_evictions().load(); }

 private:
  explicit RateWindows(RateTable table) : table_(std::move(table)) {}

  RateTable table_;
};

}  // namespace weir::policy
