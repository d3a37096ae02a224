// The text of one domain rule, understood: what kind of rule it is and for which name. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::policy {

struct RulePattern {
  enum class Kind {
    Exact,      // name
    Below,      // *.name: every name that ends in .name
    AtOrBelow,  // ||name^
    Wildcard,   // any other pattern with * ? [seq]
  };
  Kind kind = Kind::Exact;
  std::string name;  // normalized; of Kind::Wildcard: the whole pattern
};

// Nothing when `text` cannot match any host; `error` then quotes it and says what to write instead.
std::optional<RulePattern> parse_rule_pattern(std::string_view text, std::string& error);

}  // namespace weir::policy
