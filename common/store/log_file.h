// Which JSON log has the line of a record: the collector writes it there, a verification looks for it there. Host names
// come from the network: they choose a file's name only when they are harmless, and only when the name led to a
// connection, so that invented names do not make files. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/store/outcome.h"

namespace weir::store {

inline constexpr std::string_view kTrafficFolder = "Website Traffic";
inline constexpr std::string_view kBlockedFolder = "Blocked Logs";
inline constexpr std::string_view kLogSuffix = ".jsonl";
// Takes the lines of further hosts when there are too many files, and of files that cannot be written.
inline constexpr std::string_view kOverflowLog = "Website Traffic/_other.jsonl";
inline constexpr std::size_t kFileNameBytesMax = 255;

// There are three kinds of logs; a record stands in exactly one.
enum class LogKind {
  WebsiteTraffic,
  Blocked,      // refused by policy
  RateLimited,  // 429
};

LogKind log_kind(Outcome outcome, Fault fault);

// What of a record decides on the file.
struct LogSubject {
  std::string_view host;
  Outcome outcome = Outcome::Unknown;
  Fault fault = Fault::Nobody;
  std::string_view reason;
  bool has_origin = false;  // a connection was made
};

// Sets `name` to the file's path below the data directory, for example "Website Traffic/www.example.com.jsonl".
void name_log_file(const LogSubject& subject, std::string& name);

}  // namespace weir::store
