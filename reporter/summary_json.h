// The summary for programs: the original tool's summary.json, one object per domain.
#pragma once

#include <string>

#include "reporter/summary.h"

namespace weir::reporter {

// All domains, in the order in which they were first requested; averages in seconds, avg_ttfb null when no request has
// one. ASCII, indented by 4, without a line end after the last brace, as Python's json.dump(..., indent=4) writes it.
std::string summary_json(const Summary& summary);

}  // namespace weir::reporter
