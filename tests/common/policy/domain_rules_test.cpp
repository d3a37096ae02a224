#include "common/policy/domain_rules.h"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace weir::policy {
namespace {

DomainRules make_rules(std::initializer_list<const char*> patterns) {
  DomainRules rules;
  std::string error;
  unsigned line = 0;
  for (const char* pattern : patterns) {
    EXPECT_TRUE(rules.add(pattern, "list", ++line, error)) << error;
  }
  return rules;
}

std::string rule_for(const DomainRules& rules, std::string_view host) {
  const auto match = rules.match(host);
  return match ? std::string(match->rule) : "none";
}

TEST(DomainRules, MatchesNothingWhenEmpty) {
  EXPECT_FALSE(DomainRules().match("example.com"));
  EXPECT_FALSE(DomainRules().match(""));
  EXPECT_EQ(DomainRules().size(), 0u);
}

TEST(DomainRules, MatchesAPlainEntryAsTheExactName) {
  const DomainRules rules = make_rules({"youtube.com"});
  EXPECT_TRUE(rules.match("youtube.com"));
  EXPECT_FALSE(rules.match("www.youtube.com"));
  EXPECT_FALSE(rules.match("youtube.co"));
}

TEST(DomainRules, MatchesAWildcardBelowButNotAtTheName) {
  const DomainRules rules = make_rules({"*.youtube.com"});
  EXPECT_TRUE(rules.match("www.youtube.com"));
  EXPECT_TRUE(rules.match("a.b.youtube.com"));
  EXPECT_FALSE(rules.match("youtube.com"));
  EXPECT_FALSE(rules.match("notyoutube.com"));
  EXPECT_FALSE(rules.match("youtube.com.evil.example"));
}

TEST(DomainRules, MatchesAnAdblockEntryAtAndBelowTheName) {
  const DomainRules rules = make_rules({"||example.com^"});
  EXPECT_TRUE(rules.match("example.com"));
  EXPECT_TRUE(rules.match("a.b.example.com"));
  EXPECT_FALSE(rules.match("notexample.com"));
  EXPECT_FALSE(rules.match("com"));
}

TEST(DomainRules, SaysWhichRuleOfWhichListMatched) {
  DomainRules rules;
  std::string error;
  ASSERT_TRUE(rules.add("Ads.Example.", "first.txt", 7, error));
  ASSERT_TRUE(rules.add("*.other.example", "--block", 0, error));
  const DomainRules moved = std::move(rules);
  const auto match = moved.match("ads.example");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->rule, "Ads.Example.");
  EXPECT_EQ(match->list, "first.txt");
  EXPECT_EQ(match->line, 7u);
  EXPECT_EQ(moved.match("a.other.example")->list, "--block");
}

TEST(DomainRules, LeavesItselfAsItWasAfterABadPattern) {
  DomainRules rules = make_rules({"a.example"});
  std::string error;
  EXPECT_FALSE(rules.add("not a name", "list", 2, error));
  EXPECT_EQ(error, "\"not a name\" has a blank or control character");
  EXPECT_EQ(rules.size(), 1u);
}

TEST(DomainRules, PrefersTheMostSpecificRule) {
  const DomainRules rules =
      make_rules({"*", "*example*", "||com^", "*.com", "||example.com^", "*.example.com", "www.example.com", "||www.example.com^"});
  EXPECT_EQ(rule_for(rules, "www.example.com"), "www.example.com");
  EXPECT_EQ(rule_for(rules, "a.www.example.com"), "||www.example.com^");
  EXPECT_EQ(rule_for(rules, "mail.example.com"), "*.example.com");
  EXPECT_EQ(rule_for(rules, "example.com"), "||example.com^");
  EXPECT_EQ(rule_for(rules, "other.com"), "*.com");
  EXPECT_EQ(rule_for(rules, "com"), "||com^");
  EXPECT_EQ(rule_for(rules, "example.org"), "*");
  EXPECT_EQ(rule_for(make_rules({"*example*", "*"}), "example.org"), "*example*");
}

TEST(DomainRules, PrefersTheFirstOfEqualRules) {
  const DomainRules rules = make_rules({"a.example", "A.EXAMPLE"});
  EXPECT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules.match("a.example")->line, 1u);
}

TEST(DomainRules, RefusesMorePatternsThanCanBeScanned) {
  DomainRules rules;
  std::string error;
  for (std::size_t i = 0; i < DomainRules::kScannedPatternsMax; ++i) {
    ASSERT_TRUE(rules.add("*ad" + std::to_string(i) + "*", "list", 1, error)) << error;
  }
  EXPECT_FALSE(rules.add("*one-more*", "list", 1, error));
  EXPECT_EQ(error, "\"*one-more*\" is one pattern too many: beside names and *.name there may be 10000");
  EXPECT_TRUE(rules.add("*.names-still-fit.example", "list", 1, error));
}

// The slow, obvious matcher.
bool matches_slowly(const std::string& pattern, const std::string& host) {
  if (pattern.substr(0, 2) != "||") {
    return ::fnmatch(pattern.c_str(), host.c_str(), FNM_NOESCAPE) == 0;
  }
  const std::string name = pattern.substr(2, pattern.size() - 3);
  for (std::string rest = host;; rest = rest.substr(rest.find('.') + 1)) {
    if (rest == name) {
      return true;
    }
    if (rest.find('.') == std::string::npos) {
      return false;
    }
  }
}

class RandomNames {
 public:
  explicit RandomNames(unsigned seed) : random_(seed) {}

  std::string name() {
    std::string name = label();
    for (auto more = random_() % 4; more > 0; --more) {
      name += "." + label();
    }
    return name;
  }
  std::string pattern() {
    switch (random_() % 5) {
      case 0:
        return name();
      case 1:
        return "*." + name();
      case 2:
        return "||" + name() + "^";
      default:
        return wildcard();
    }
  }

 private:
  std::string label() {
    std::string label;
    for (auto length = 1 + random_() % 2; length > 0; --length) {
      label += "ab"[random_() % 2];
    }
    return label;
  }
  std::string wildcard() {
    static const char* const kParts[] = {"a", "b", ".", "*", "?", "[ab]", "[!a]", "*.", "ab"};
    std::string pattern;
    for (auto length = 1 + random_() % 5; length > 0; --length) {
      pattern += kParts[random_() % std::size(kParts)];
    }
    return pattern;
  }

  std::mt19937 random_;
};

TEST(DomainRules, AgreesWithTheObviousMatcherOnAMillionPairs) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomNames names(seed);
  std::size_t pairs = 0;
  std::size_t blocked = 0;
  while (pairs < 1'500'000) {
    std::vector<std::string> patterns;
    DomainRules rules;
    std::string error;
    while (patterns.size() < 6) {
      std::string pattern = names.pattern();
      if (rules.add(pattern, "list", static_cast<unsigned>(patterns.size()), error)) {
        // A trailing dot is ignored; the obvious matcher does not know that.
        patterns.push_back(pattern.back() == '.' ? pattern.substr(0, pattern.size() - 1) : pattern);
      }
    }
    for (int round = 0; round < 50; ++round) {
      const std::string host = names.name();
      bool expected = false;
      for (const std::string& pattern : patterns) {
        expected = matches_slowly(pattern, host) || expected;
        ++pairs;
      }
      const auto match = rules.match(host);
      ASSERT_EQ(match.has_value(), expected) << host << " with " << testing::PrintToString(patterns);
      if (match) {
        ++blocked;
        ASSERT_TRUE(matches_slowly(patterns[match->line], host)) << host << " by " << patterns[match->line];
      }
    }
  }
  EXPECT_GT(blocked, pairs / 60);
}

}  // namespace
}  // namespace weir::policy
