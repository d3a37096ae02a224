// The chart of the most requested domains, as a script for gnuplot.
#pragma once

#include <cstddef>
#include <string>

#include "reporter/summary.h"

namespace weir::reporter {

enum class ImageFormat { Png, Svg };

// The script draws on gnuplot's standard output. Names from the network stand in it as quoted text only: nothing in
// them is ever executed. Without requests the chart says so.
std::string chart_script(const Summary& summary, std::size_t top, ImageFormat format);

}  // namespace weir::reporter
