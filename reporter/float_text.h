// Floating-point numbers as Python writes them (repr): the shortest decimal that reads back as the same value. The
// reports' JSON and CSV keep that form, so that scripts and diffs made for the original tool's files go on working.
#pragma once

#include <string>

namespace weir::reporter {

// "2.5", "2.0", "0.0001", "5e-05"; `value` is finite.
std::string float_text(double value);

}  // namespace weir::reporter
