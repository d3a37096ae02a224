// `reporter --explain`.
#pragma once

#include "common/options/settings.h"

namespace weir::reporter {

// Prints what would happen to the request, and gives the exit status: 0, or 2 after a line on standard error.
int explain_request(const options::Settings& settings);

}  // namespace weir::reporter
