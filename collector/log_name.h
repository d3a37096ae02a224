// Which JSON log file a record's line goes to. Pure.
#pragma once

#include <string>

#include "collector/traffic_record.h"
#include "common/store/log_file.h"

namespace weir::collector {

using store::kBlockedFolder;
using store::kFileNameBytesMax;
using store::kOverflowLog;
using store::kTrafficFolder;

// Sets `name` to the file's path below the data directory, for example "Website Traffic/www.example.com.jsonl".
void name_log_file(const TrafficRecord& record, std::string& name);

}  // namespace weir::collector
