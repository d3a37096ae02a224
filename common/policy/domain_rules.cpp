#include "common/policy/domain_rules.h"

#include <utility>

#include "common/policy/rule_pattern.h"

namespace weir::policy {

bool DomainRules::add(std::string_view pattern, std::string_view list, unsigned line, std::string& error) {
  auto parsed = parse_rule_pattern(pattern, error);
  if (!parsed) {
    return false;
  }
  if (parsed->kind == RulePattern::Kind::Wildcard && scanned_.size() == kScannedPatternsMax) {
    error = "\"" + std::string(pattern) + "\" is one pattern too many: beside names and *.name there may be " +
            std::to_string(kScannedPatternsMax);
    return false;
  }
  const Rule& rule = remember(pattern, std::move(parsed->name), list, line);
  const auto file_as = [&](const Rule* Filed::*place) {
    const Rule*& filed = names_[rule.name].*place;
    filed = filed != nullptr ? filed : &rule;
  };
  switch (parsed->kind) {
    case RulePattern::Kind::Exact:
      file_as(&Filed::exact);
      break;
    case RulePattern::Kind::Below:
      file_as(&Filed::below);
      break;
    case RulePattern::Kind::AtOrBelow:
      file_as(&Filed::at_or_below);
      break;
    case RulePattern::Kind::Wildcard:
      scanned_.push_back({Glob(rule.name), &rule});
      break;
  }
  return true;
}

const DomainRules::Rule& DomainRules::remember(std::string_view pattern, std::string name, std::string_view list, unsigned line) {
  if (lists_.empty() || lists_.back() != list) {
    lists_.emplace_back(list);
  }
  return rules_.emplace_back(Rule{std::string(pattern), std::move(name), &lists_.back(), line});
}

std::optional<RuleMatch> DomainRules::match(std::string_view host) const {
  if (const auto own = names_.find(host); own != names_.end()) {
    const Filed& filed = own->second;
    if (const Rule* rule = filed.exact != nullptr ? filed.exact : filed.at_or_below; rule != nullptr) {
      return describe(*rule);
    }
  }
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    const auto parent = names_.find(host.substr(dot + 1));
    if (parent == names_.end()) {
      continue;
    }
    const Filed& filed = parent->second;
    if (const Rule* rule = filed.below != nullptr ? filed.below : filed.at_or_below; rule != nullptr) {
      return describe(*rule);
    }
  }
  for (const Scanned& scanned : scanned_) {
    if (scanned.glob.matches(host)) {
      return describe(*scanned.rule);
    }
  }
  return std::nullopt;
}

}  // namespace weir::policy
