// Compiles rules in a test's memory.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/compiled_policy.h"
#include "common/policy/policy_writer.h"
#include "common/policy/rule_collection.h"

namespace weir::policy::tests {

// A compiled policy with its bytes.
class PolicyMaker {
 public:
  // Patterns as on the command line.
  PolicyMaker& add_patterns(Action action, const std::vector<std::string>& patterns) {
    std::string error;
    rules_.begin_list("--" + std::string(to_string(action)), action, false);
    for (const std::string& pattern : patterns) {
      EXPECT_TRUE(rules_.add_pattern(pattern, error)) << error;
    }
    return *this;
  }
  PolicyMaker& add_list(Action action, const std::string& name, std::string_view lines) {
    std::string error;
    rules_.begin_list(name, action, true);
    EXPECT_TRUE(rules_.add_lines(lines, error)) << error;
    return *this;
  }
  RuleCollection& rules() { return rules_; }

  // The first time: compiles what was added.
  const CompiledPolicy& policy() {
    if (!policy_) {
      image_ = write_policy(rules_, {});
      std::string error;
      policy_ = CompiledPolicy::view(std::as_bytes(std::span(image_)), error);
      EXPECT_TRUE(policy_) << error;
    }
    return *policy_;
  }
  std::string& image() { return image_; }

 private:
  RuleCollection rules_;
  std::string image_;
  std::optional<CompiledPolicy> policy_;
};

inline std::string rule_for(const CompiledPolicy& policy, std::string_view host) {
  const auto match = policy.match(host);
  return match ? match->rule : "none";
}

}  // namespace weir::policy::tests
