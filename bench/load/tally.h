// What the clients of a load run counted: operations, failures by kind, latencies. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::load {

using Clock = std::chrono::steady_clock;

class Tally {
 public:
  // Only what ends within [measured_from, measured_to) counts for rate and latency; everything counts for the total.
  Tally(Clock::time_point measured_from, Clock::time_point measured_to) : measured_from_(measured_from), measured_to_(measured_to) {}

  void add(Clock::time_point began, Clock::time_point ended);
  void add_failure(const std::string& kind) { ++failures_[kind]; }

  std::uint64_t total() const { return total_; }
  std::uint64_t measured() const { return latencies_ns_.size(); }
  const std::map<std::string, std::uint64_t>& failures() const { return failures_; }
  std::uint64_t failure_count() const;
  double per_second() const;
  // Of the measured operations; `fraction` 0.5 is the median. 0 when there was none.
  double latency_us(double fraction);
  std::uint64_t count_over(std::chrono::milliseconds latency) const;

 private:
  Clock::time_point measured_from_;
  Clock::time_point measured_to_;
  std::uint64_t total_ = 0;
  std::vector<std::uint32_t> latencies_ns_;  // 4 s at most; what took longer counts as that
  std::map<std::string, std::uint64_t> failures_;
};

}  // namespace weir::load
