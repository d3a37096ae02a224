#include "reporter/summary.h"

#include <algorithm>

namespace weir::reporter {

namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

// One division only: both operands are exact, so the result is the double nearest to the true average.
double average_s(std::uint64_t sum_us, std::uint64_t count) {
  return static_cast<double>(sum_us) / (static_cast<double>(count) * kMicrosecondsPerSecond);
}

}  // namespace

void Traffic::add(const ServedRequest& request) {
  ++requests;
  bytes_sent += request.bytes_sent;
  bytes_received += request.bytes_received;
  duration_us += request.duration_us;
  ttfb_us += request.ttfb_us.value_or(0);
  ttfb_count += request.ttfb_us ? 1 : 0;
}

double Traffic::average_duration_s() const { return requests == 0 ? 0 : average_s(duration_us, requests); }

std::optional<double> Traffic::average_ttfb_s() const {
  return ttfb_count == 0 ? std::nullopt : std::optional(average_s(ttfb_us, ttfb_count));
}

void Summary::add(const ServedRequest& request, DomainTraffic& domain) {
  if (total.requests == 0) {
    first_id = request.id;
  }
  last_id = request.id;
  total.add(request);
  domain.traffic.add(request);
}

std::vector<const DomainTraffic*> top_domains(const Summary& summary, std::size_t count) {
  std::vector<const DomainTraffic*> top;
  top.reserve(summary.domains.size());
  for (const DomainTraffic& domain : summary.domains) {
    top.push_back(&domain);
  }
  // The elements of one vector: a lower address means requested earlier.
  const auto ranks_before = [](const DomainTraffic* left, const DomainTraffic* right) {
    return left->traffic.requests != right->traffic.requests ? left->traffic.requests > right->traffic.requests : left < right;
  };
  const std::size_t kept = std::min(count, top.size());
  std::partial_sort(top.begin(), top.begin() + static_cast<std::ptrdiff_t>(kept), top.end(), ranks_before);
  top.resize(kept);
  return top;
}

}  // namespace weir::reporter
