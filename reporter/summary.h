// The traffic of a period, per domain: what the summary, its JSON form and the chart are made from. Pure values; the
// reporter fills them from the database, one served request after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::reporter {

// One served request, without its domain's name. "Sent" is origin to client, "received" client to origin.
struct ServedRequest {
  std::int64_t id = 0;  // microseconds since the epoch at its end
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t duration_us = 0;
  std::optional<std::uint64_t> ttfb_us;
};

struct Traffic {
  std::uint64_t requests = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t duration_us = 0;  // sum
  std::uint64_t ttfb_us = 0;      // sum over those that have one
  std::uint64_t ttfb_count = 0;

  void add(const ServedRequest& request);
  double average_duration_s() const;             // 0 without requests
  std::optional<double> average_ttfb_s() const;  // nothing when no request has one
};

struct DomainTraffic {
  std::string name;
  Traffic traffic;
};

// A rule that is only observed, and the requests that it would have blocked, served or not.
struct ObservedRule {
  std::string rule;
  std::string list;
  std::int64_t line = 0;  // 0: the list is no file
  std::uint64_t requests = 0;
};

struct Summary {
  Traffic total;
  std::vector<DomainTraffic> domains;  // in the order in which they were first requested
  std::vector<ObservedRule> observed;  // most requests first
  std::int64_t first_id = 0;           // ids of the first and the last request; 0 without requests
  std::int64_t last_id = 0;

  // Counts `request`, in the order of ids, for `domain`: an element of `domains`.
  void add(const ServedRequest& request, DomainTraffic& domain);
};

// The `count` domains with most requests, most first; of two with equally many, the one that was requested first. The
// pointers are borrowed from `summary`.
std::vector<const DomainTraffic*> top_domains(const Summary& summary, std::size_t count);

}  // namespace weir::reporter
