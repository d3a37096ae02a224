#include "bench/load/tally.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weir::load {

void Tally::add(Clock::time_point began, Clock::time_point ended) {
  ++total_;
  if (ended >= measured_from_ && ended < measured_to_) {
    const std::int64_t ns = std::chrono::nanoseconds(ended - began).count();
    latencies_ns_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(ns, std::numeric_limits<std::uint32_t>::max())));
  }
}

std::uint64_t Tally::failure_count() const {
  std::uint64_t count = 0;
  for (const auto& [kind, times] : failures_) {
    count += times;
  }
  return count;
}

double Tally::per_second() const {
  return static_cast<double>(measured()) / std::chrono::duration<double>(measured_to_ - measured_from_).count();
}

std::uint64_t Tally::count_over(std::chrono::milliseconds latency) const {
  const std::chrono::nanoseconds limit = latency;
  return static_cast<std::uint64_t>(std::count_if(latencies_ns_.begin(), latencies_ns_.end(), [&](std::uint32_t ns) { return std::chrono::nanoseconds(ns) > limit; }));
}

double Tally::latency_us(double fraction) {
  if (latencies_ns_.empty()) {
    return 0;
  }
  const double rank = std::ceil(fraction * static_cast<double>(latencies_ns_.size()));
  const auto index = std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, latencies_ns_.size()) - 1;
  const auto place = latencies_ns_.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(latencies_ns_.begin(), place, latencies_ns_.end());
  return *place / 1000.0;
}

}  // namespace weir::load
