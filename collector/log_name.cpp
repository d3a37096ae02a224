#include "collector/log_name.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "collector/json_line.h"

namespace weir::collector {

namespace {

constexpr std::string_view kSuffix = ".jsonl";
constexpr std::size_t kHashDigits = 16;

bool is_harmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':';
}

// What a host name or an address literal may look like, and no name that we use ourselves, that hides, or that a shell
// takes for an option.
bool is_file_name(std::string_view host) {
  constexpr std::array<std::string_view, 3> kReserved{"_invalid", "_unresolved", "_other"};
  return !host.empty() && host.front() != '.' && host.front() != '-' && std::all_of(host.begin(), host.end(), is_harmless) &&
         std::find(kReserved.begin(), kReserved.end(), host) == kReserved.end();
}

// Whether the host's name led to an address that a connection was made or tried to.
bool is_resolved(const TrafficRecord& record) {
  return record.outcome == store::Outcome::Served || !record.origin_address.empty() || record.reason.starts_with("connect_");
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

void append_host(std::string& name, std::string_view host) {
  constexpr std::size_t kHostBytesMax = kFileNameBytesMax - kSuffix.size();
  if (host.size() <= kHostBytesMax) {
    name += host;
    return;
  }
  name += host.substr(0, kHostBytesMax - kHashDigits - 1);
  name += '~';
  const std::uint64_t hash = fnv1a(host);
  for (std::size_t digit = kHashDigits; digit-- > 0;) {
    name += "0123456789abcdef"[(hash >> (4 * digit)) & 15];
  }
}

}  // namespace

void name_log_file(const TrafficRecord& record, std::string& name) {
  switch (log_kind(record)) {
    case LogKind::Blocked:
      name.assign(kBlockedFolder).append("/blocked");
      break;
    case LogKind::RateLimited:
      name.assign(kBlockedFolder).append("/rate_limited");
      break;
    case LogKind::WebsiteTraffic:
      name.assign(kTrafficFolder).append("/");
      if (!is_file_name(record.host)) {
        name += "_invalid";
      } else if (!is_resolved(record)) {
        name += "_unresolved";
      } else {
        append_host(name, record.host);
      }
      break;
  }
  name += kSuffix;
}

}  // namespace weir::collector
