// An explanation for people, and as JSON for programs. Pure.
#pragma once

#include <string>

#include "reporter/explain/explanation.h"

namespace weir::explain {

// `policy_from` says where the rules were taken from.
std::string explanation_text(const Explanation& explanation, const std::string& policy_from);
std::string explanation_json(const Explanation& explanation, const std::string& policy_from);

}  // namespace weir::explain
