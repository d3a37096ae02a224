// A record as one line of a JSON log, keys in the order that docs/records.md lists. Pure.
#pragma once

#include <cstdint>

#include "collector/line_buffer.h"
#include "collector/time_text.h"
#include "collector/traffic_record.h"

namespace weir::collector {

// Appends the object and a line feed. `request_id` is the row's id, which is also the time that the line carries.
void append_json_line(LineBuffer& out, const TrafficRecord& record, std::int64_t request_id, TimeText& time_text);

}  // namespace weir::collector
