// `reporter --verify`.
#pragma once

#include "common/options/settings.h"

namespace weir::reporter {

// Prints whether the data directory's records add up, and gives the exit status: 0 when they do, 1 when something does not,
// 2 after a line on standard error when there is nothing that could be verified.
int verify_installation(const options::Settings& settings);

}  // namespace weir::reporter
