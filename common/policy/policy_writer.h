// Makes the compiled form of rules, see policy_image.h. Pure; the same rules and inputs give the same bytes.
#pragma once

#include <string>

#include "common/policy/content_hash.h"
#include "common/policy/rule_collection.h"

namespace weir::policy {

// `rules` lends its memory: it can take no further rules afterwards. `inputs` goes into the header.
std::string write_policy(RuleCollection& rules, const ContentHash& inputs);

}  // namespace weir::policy
