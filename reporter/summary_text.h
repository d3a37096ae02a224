// The summary as a person reads it: the original tool's summary_report.txt, to the byte.
#pragma once

#include <cstddef>
#include <string>

#include "reporter/summary.h"

namespace weir::reporter {

// Names at most `top` domains. Lines are separated by "\n"; as in the original's file, none follows the last.
std::string summary_text(const Summary& summary, std::size_t top);

}  // namespace weir::reporter
