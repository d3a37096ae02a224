// How a request ended and who ended it, as numbers in the database and as words in views, logs and reports. The numbers
// are those of proto/traffic_event.proto (the collector checks that at compile time).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::store {

enum class Outcome : std::uint8_t { Unknown = 0, Served = 1, Refused = 2, RateLimited = 3, Failed = 4, CutOff = 5, Interrupted = 6 };
enum class Fault : std::uint8_t { Nobody = 0, Client = 1, Origin = 2, Proxy = 3, Policy = 4 };
enum class Scheme : std::uint8_t { Unknown = 0, Http = 1, Https = 2 };

// In the order of the numbers.
inline constexpr std::array<std::string_view, 7> kOutcomeWords{"unknown", "served",  "refused",    "rate_limited",
                                                               "failed",  "cut_off", "interrupted"};
inline constexpr std::array<std::string_view, 5> kFaultWords{"nobody", "client", "origin", "proxy", "policy"};
inline constexpr std::array<std::string_view, 3> kSchemeWords{"", "http", "https"};

constexpr std::string_view to_string(Outcome outcome) { return kOutcomeWords[static_cast<std::size_t>(outcome)]; }
constexpr std::string_view to_string(Fault fault) { return kFaultWords[static_cast<std::size_t>(fault)]; }
constexpr std::string_view to_string(Scheme scheme) { return kSchemeWords[static_cast<std::size_t>(scheme)]; }

// The reason token of a refusal by a blocked-domain rule: the original tool's 'Blocklist'.
inline constexpr std::string_view kBlockedDomain = "blocked_domain";

}  // namespace weir::store
