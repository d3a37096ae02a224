#include "common/store/log_file.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir::store {

namespace {

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
bool is_resolved(const LogSubject& subject) {
  return subject.outcome == Outcome::Served || subject.has_origin || subject.reason.starts_with("connect_");
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

void append_host(std::string& name, std::string_view host) {
  constexpr std::size_t kHostBytesMax = kFileNameBytesMax - kLogSuffix.size();
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

LogKind log_kind(Outcome outcome, Fault fault) {
  if (outcome == Outcome::RateLimited) {
    return LogKind::RateLimited;
  }
  return fault == Fault::Policy ? LogKind::Blocked : LogKind::WebsiteTraffic;
}

void name_log_file(const LogSubject& subject, std::string& name) {
  switch (log_kind(subject.outcome, subject.fault)) {
    case LogKind::Blocked:
      name.assign(kBlockedFolder).append("/blocked");
      break;
    case LogKind::RateLimited:
      name.assign(kBlockedFolder).append("/rate_limited");
      break;
    case LogKind::WebsiteTraffic:
      name.assign(kTrafficFolder).append("/");
      if (!is_file_name(subject.host)) {
        name += "_invalid";
      } else if (!is_resolved(subject)) {
        name += "_unresolved";
      } else {
        append_host(name, subject.host);
      }
      break;
  }
  name += kLogSuffix;
}

}  // namespace weir::store
