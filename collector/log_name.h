// Which JSON log file a record's line goes to. Host names come from the network: they choose a file's name only when
// they are harmless, and only when the name led to a connection, so that invented names do not make files. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "collector/traffic_record.h"

namespace weir::collector {

inline constexpr std::string_view kTrafficFolder = "Website Traffic";
inline constexpr std::string_view kBlockedFolder = "Blocked Logs";
// Takes the lines of further hosts when there are too many files, and of files that cannot be written.
inline constexpr std::string_view kOverflowLog = "Website Traffic/_other.jsonl";
inline constexpr std::size_t kFileNameBytesMax = 255;

// Sets `name` to the file's path below the data directory, for example "Website Traffic/www.example.com.jsonl".
void name_log_file(const TrafficRecord& record, std::string& name);

}  // namespace weir::collector
