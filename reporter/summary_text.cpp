#include "reporter/summary_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace weir::reporter {

namespace {

std::string seconds_text(double seconds) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.3f", seconds);
  return text.data();
}

std::string domain_line(std::size_t rank, const DomainTraffic& domain) {
  return std::to_string(rank) + ". " + domain.name + " - Requests: " + std::to_string(domain.traffic.requests) +
         ", Avg Duration: " + seconds_text(domain.traffic.average_duration_s()) +
         "s, Bytes Sent: " + std::to_string(domain.traffic.bytes_sent) +
         ", Bytes Received: " + std::to_string(domain.traffic.bytes_received);
}

std::string observed_line(std::size_t rank, const ObservedRule& rule) {
  return std::to_string(rank) + ". " + rule.rule + " (" + rule.list + (rule.line != 0 ? ", line " + std::to_string(rule.line) : "") +
         ") - Requests: " + std::to_string(rule.requests);
}

// What the original did not have: only where rules are observed.
std::string observed_text(const Summary& summary, std::size_t top) {
  if (summary.observed.empty()) {
    return {};
  }
  std::uint64_t requests = 0;
  for (const ObservedRule& rule : summary.observed) {
    requests += rule.requests;
  }
  std::string text = "\n\nRequests that observed rules would have blocked: " + std::to_string(requests);
  for (std::size_t rank = 0; rank < std::min(top, summary.observed.size()); ++rank) {
    text += "\n" + observed_line(rank + 1, summary.observed[rank]);
  }
  return text;
}

}  // namespace

std::string summary_text(const Summary& summary, std::size_t top) {
  std::string text = "Total requests handled: " + std::to_string(summary.total.requests) +
                     "\nTotal bytes sent: " + std::to_string(summary.total.bytes_sent) +
                     "\nTotal bytes received: " + std::to_string(summary.total.bytes_received) + "\n\nTop " +
                     std::to_string(top) + " domains by request count:";
  std::size_t rank = 0;
  for (const DomainTraffic* domain : top_domains(summary, top)) {
    text += "\n" + domain_line(++rank, *domain);
  }
  return text + observed_text(summary, top);
}

}  // namespace weir::reporter
