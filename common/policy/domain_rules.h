// Which host names are refused: exact names, wildcards as Python's fnmatch has them, and ||name^ for a name with all
// below it. Filled once, then only asked; a value of the worker's policy. Pure. See docs/policy.md.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/policy/glob.h"

namespace weir::policy {

// Why a host is refused. The views live as long as the DomainRules.
struct RuleMatch {
  std::string_view rule;  // as it was written
  std::string_view list;
  unsigned line;
};

class DomainRules {
 public:
  // Patterns that neither are names nor begin with "*." are tried one after the other: there may not be many.
  static constexpr std::size_t kScannedPatternsMax = 10'000;

  DomainRules() = default;
  DomainRules(DomainRules&&) = default;
  DomainRules& operator=(DomainRules&&) = default;
  DomainRules(const DomainRules&) = delete;
  DomainRules& operator=(const DomainRules&) = delete;

  // Adds one pattern ("*.youtube.com", "ads.example", "||example.com^", "192.0.2.1"; names in UTF-8 become A-labels).
  // `list` names where it comes from ("--block" or the file). False when it cannot be a pattern: `error` quotes it and
  // says why.
  [[nodiscard]] bool add(std::string_view pattern, std::string_view list, unsigned line, std::string& error);

  // `host` is normalized, see normalized_host(). When several rules match, the answer depends only on the rules and
  // the order in which they were added: the most specific name wins (the host itself, then its nearest parent), of one
  // name an exact rule before *.name before ||name^, of equal rules the first; other wildcards come last, in order.
  std::optional<RuleMatch> match(std::string_view host) const;

  std::size_t size() const { return rules_.size(); }

 private:
  struct Rule {
    std::string pattern;  // as written
    std::string name;     // normalized; what the rule is filed under
    const std::string* list = nullptr;
    unsigned line = 0;
  };
  // The rules of one name.
  struct Filed {
    const Rule* exact = nullptr;
    const Rule* below = nullptr;     // *.name
    const Rule* at_or_below = nullptr;  // ||name^
  };
  struct Scanned {
    Glob glob;
    const Rule* rule;
  };

  const Rule& remember(std::string_view pattern, std::string name, std::string_view list, unsigned line);
  static RuleMatch describe(const Rule& rule) { return {rule.pattern, *rule.list, rule.line}; }

  std::deque<std::string> lists_;  // deques: what they hold stays where it is
  std::deque<Rule> rules_;
  std::unordered_map<std::string_view, Filed> names_;  // keys are Rule::name
  std::vector<Scanned> scanned_;
};

}  // namespace weir::policy
