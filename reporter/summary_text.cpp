#include "reporter/summary_text.h"

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
  return text;
}

}  // namespace weir::reporter
