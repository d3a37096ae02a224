// What was found in each list of rules, for people, and as JSON for programs. Pure.
#pragma once

#include <string>

#include "common/policy/compiled_policy.h"

namespace weir::explain {

// `policy` is nullptr when there are no rules; `policy_from` says where they were taken from.
std::string lists_text(const policy::CompiledPolicy* policy, const std::string& policy_from);
std::string lists_json(const policy::CompiledPolicy* policy, const std::string& policy_from);

}  // namespace weir::explain
