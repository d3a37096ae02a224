// The text of one domain rule, understood: what kind of rule it is and for which name. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::policy {

struct RulePattern {
  enum class Kind : std::uint8_t {
    Exact,      // name
    Below,      // *.name: every name that ends in .name
    AtOrBelow,  // ||name^: the name and every name that ends in .name
    Wildcard,   // any other pattern with * ? [seq]
  };
  Kind kind = Kind::Exact;
  bool is_address = false;    // Exact: an address, in its one spelling
  bool is_plain = false;      // AtOrBelow, written as the name alone
  bool is_exception = false;  // @@: what it matches is allowed, whatever its list is for
  std::string name;           // normalized; of Kind::Wildcard: the whole pattern
};

// As a person would write it, in lower case and A-labels.
std::string rule_text(RulePattern::Kind kind, bool is_plain, bool is_exception, std::string_view name);

// Nothing when `text` cannot match any host; `error` then quotes it and says what to write instead. A name alone is
// Kind::Exact here: what it means in a list, list_reader.h knows.
std::optional<RulePattern> parse_rule_pattern(std::string_view text, std::string& error);

// For a message, which is one line: in quotes, without control characters, cut when it is long.
std::string in_quotes(std::string_view text);

}  // namespace weir::policy
