// The compiled policy against a slow and obvious one, fnmatch and a walk over a name's suffixes, on random rules and hosts.
#include <fnmatch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/policy/compiled_policy.h"
#include "tests/common/policy/policy_maker.h"

namespace weir::policy {
namespace {

using tests::PolicyMaker;

// WEIR_FULL=1: as many as a release must stand.
std::size_t pairs_wanted() {
  const char* full = std::getenv("WEIR_FULL");
  return full != nullptr && *full != '\0' && *full != '0' ? 40'000'000 : 1'500'000;
}

bool is_at_or_below(const std::string& name, const std::string& host) {
  return host == name || (host.size() > name.size() && host.ends_with("." + name));
}

// A line of a list, and what it means said in the simplest way.
struct ObviousRule {
  enum class Kind { Pattern, AtOrBelow };
  std::string line;
  Kind kind;
  std::string text;  // of the pattern, or the name
  Action action;

  bool matches(const std::string& host) const {
    return kind == Kind::AtOrBelow ? is_at_or_below(text, host) : ::fnmatch(text.c_str(), host.c_str(), FNM_NOESCAPE) == 0;
  }
};

// Names of few letters, so that rules and hosts often meet.
class RandomRules {
 public:
  explicit RandomRules(unsigned seed) : random_(seed) {}

  std::string name() {
    std::string name = label();
    for (auto more = random_() % 4; more > 0; --more) {
      name += "." + label();
    }
    return name;
  }

  ObviousRule rule(Action action) {
    using Kind = ObviousRule::Kind;
    const std::string name = this->name();
    switch (random_() % 9) {
      case 0:
        return {"0.0.0.0 " + name, Kind::Pattern, name, action};
      case 1:
        return {name, Kind::AtOrBelow, name, action};
      case 2:
        return {"*." + name, Kind::Pattern, "*." + name, action};
      case 3:
        return {"||" + name + "^", Kind::AtOrBelow, name, action};
      case 4:
        return {"@@||" + name + "^", Kind::AtOrBelow, name, Action::Allow};
      case 5:
        return {"address=/" + name + "/", Kind::AtOrBelow, name, action};
      default: {
        const std::string pattern = wildcard();
        return {pattern, Kind::Pattern, pattern, action};
      }
    }
  }

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

 private:
  std::string label() {
    std::string label;
    for (auto length = 1 + random_() % 2; length > 0; --length) {
      label += "ab"[random_() % 2];
    }
    return label;
  }
  // Always with a wildcard: without one, a line is a plain name. Without empty labels, which no host has, and without a dot
  // at the end, which rules ignore and fnmatch does not.
  std::string wildcard() {
    std::string pattern;
    do {
      pattern = any_wildcard();
    } while (pattern.find("..") != std::string::npos || pattern.starts_with('.') || pattern.ends_with('.'));
    return pattern;
  }
  std::string any_wildcard() {
    static const char* const kParts[] = {"a", "b", ".", "*", "?", "[ab]", "[!a]", "*.", "ab", ".ab", "b.a"};
    std::string pattern;
    for (auto length = 1 + random_() % 5; length > 0; --length) {
      pattern += kParts[random_() % std::size(kParts)];
    }
    pattern.insert(random_() % 2 == 0 ? 0 : pattern.size(), random_() % 2 == 0 ? "*" : "?");
    return pattern;
  }

  std::mt19937 random_;
};

// What the decision must be: the strongest action of all rules that match.
const ObviousRule* strongest(const std::vector<ObviousRule>& rules, const std::string& host) {
  const ObviousRule* best = nullptr;
  for (const ObviousRule& rule : rules) {
    if ((best == nullptr || rule.action < best->action) && rule.matches(host)) {
      best = &rule;
    }
  }
  return best;
}

void expect_agreement(const CompiledPolicy& policy, const std::vector<ObviousRule>& rules, const std::string& host) {
  const ObviousRule* expected = strongest(rules, host);
  const auto match = policy.match(host);
  ASSERT_EQ(match.has_value(), expected != nullptr) << host;
  if (!match) {
    return;
  }
  ASSERT_EQ(match->action, expected->action) << host << " by " << match->rule << ", expected " << expected->line;
  // Each list is one rule, so the list's name tells which one it was.
  const ObviousRule& by = rules[std::stoul(std::string(match->list))];
  ASSERT_TRUE(by.action == match->action && by.matches(host)) << host << " is not matched by " << by.line;
  const auto each = policy.match_each_action(host);
  for (std::size_t action = 0; action < kActions; ++action) {
    const bool any = std::any_of(rules.begin(), rules.end(), [&](const ObviousRule& rule) {
      return rule.action == static_cast<Action>(action) && rule.matches(host);
    });
    ASSERT_EQ(each[action].has_value(), any) << host << ", " << to_string(static_cast<Action>(action));
  }
}

TEST(PolicyProperties, DecidesAsTheObviousMatcherDoes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomRules random(seed);
  constexpr std::size_t kHostsPerPolicy = 400;
  std::size_t matched = 0;
  std::size_t hosts = 0;
  std::size_t pairs = 0;
  while (pairs < pairs_wanted()) {
    std::vector<ObviousRule> rules;
    PolicyMaker maker;
    for (unsigned count = 1 + random.below(12); rules.size() < count;) {
      rules.push_back(random.rule(static_cast<Action>(random.below(kActions))));
      maker.add_list(rules.back().action, std::to_string(rules.size() - 1), rules.back().line);
      ASSERT_EQ(maker.rules().lists().back().skipped, 0u) << rules.back().line;
    }
    for (std::size_t round = 0; round < kHostsPerPolicy; ++round) {
      const std::string host = random.name();
      expect_agreement(maker.policy(), rules, host);
      if (testing::Test::HasFatalFailure()) {
        for (const ObviousRule& rule : rules) {
          ADD_FAILURE() << to_string(rule.action) << ": " << rule.line;
        }
        return;
      }
      matched += maker.policy().match(host) ? 1 : 0;
      ++hosts;
    }
    pairs += rules.size() * kHostsPerPolicy;
  }
  std::printf("%zu pairs of a rule and a host, %zu hosts, %zu of them matched\n", pairs, hosts, matched);
  EXPECT_GT(matched, hosts / 5);
  EXPECT_LT(matched, hosts);
}

// Many rules at once, of all kinds that are filed under a name: what the table holds is what was put in.
TEST(PolicyProperties, FindsTheNearestOfManyNames) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomRules random(seed);
  std::map<std::string, unsigned> kinds;  // bit 0 exact, 1 below, 2 at or below
  std::string lines;
  for (int count = 0; count < 3'000; ++count) {
    const std::string name = random.name() + "." + std::to_string(random.below(40));
    const unsigned kind = random.below(3);
    kinds[name] |= 1u << kind;
    lines += (kind == 0 ? "0.0.0.0 " + name : kind == 1 ? "*." + name : "||" + name + "^") + "\n";
  }
  PolicyMaker maker;
  maker.add_list(Action::Block, "list", lines);
  const auto has = [&](const std::string& name, unsigned bit) {
    const auto found = kinds.find(name);
    return found != kinds.end() && (found->second & bit) != 0;
  };
  for (int round = 0; round < 100'000; ++round) {
    const std::string host = random.name() + "." + std::to_string(random.below(40));
    std::string expected = has(host, 1) ? host : has(host, 4) ? "||" + host + "^" : "none";
    for (std::size_t dot = host.find('.'); dot != std::string::npos && expected == "none"; dot = host.find('.', dot + 1)) {
      const std::string parent = host.substr(dot + 1);
      expected = has(parent, 2) ? "*." + parent : has(parent, 4) ? "||" + parent + "^" : "none";
    }
    ASSERT_EQ(tests::rule_for(maker.policy(), host), expected) << host;
  }
}

}  // namespace
}  // namespace weir::policy
