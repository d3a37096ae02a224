#include "reporter/summary_json.h"

#include <nlohmann/json.hpp>

#include "reporter/float_text.h"

namespace weir::reporter {

namespace {

// Names come from the network: octets that are not UTF-8 become U+FFFD.
std::string quoted(const std::string& text) {
  constexpr bool kAsciiOnly = true;
  return nlohmann::json(text).dump(-1, ' ', kAsciiOnly, nlohmann::json::error_handler_t::replace);
}

void append_domain(std::string& json, const DomainTraffic& domain) {
  const Traffic& traffic = domain.traffic;
  const auto ttfb = traffic.average_ttfb_s();
  json += "    " + quoted(domain.name) + ": {";
  json += "\n        \"requests\": " + std::to_string(traffic.requests);
  json += ",\n        \"bytes_sent\": " + std::to_string(traffic.bytes_sent);
  json += ",\n        \"bytes_received\": " + std::to_string(traffic.bytes_received);
  json += ",\n        \"avg_duration\": " + float_text(traffic.average_duration_s());
  json += ",\n        \"avg_ttfb\": " + (ttfb ? float_text(*ttfb) : "null");
  json += "\n    }";
}

}  // namespace

// The members are written one by one: a JSON object that keeps insertion order looks up each new key among all before
// it, which takes minutes for some 100,000 domains.
std::string summary_json(const Summary& summary) {
  std::string json = "{";
  for (const DomainTraffic& domain : summary.domains) {
    json += json.size() == 1 ? "\n" : ",\n";
    append_domain(json, domain);
  }
  return json + (summary.domains.empty() ? "}" : "\n}");
}

}  // namespace weir::reporter
