// `reporter --explain` and `reporter --lists`: questions to the policy.
#pragma once

#include "common/options/settings.h"

namespace weir::reporter {

// Prints what would happen to the request, and gives the exit status: 0, or 2 after a line on standard error.
int explain_request(const options::Settings& settings);
// Prints what was found in each list of rules; the same statuses.
int report_lists(const options::Settings& settings);

}  // namespace weir::reporter
