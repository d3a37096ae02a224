#include "common/policy/compiled_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/common/policy/policy_maker.h"

namespace weir::policy {
namespace {

using tests::PolicyMaker;
using tests::rule_for;

PolicyMaker make_policy(const std::vector<std::string>& patterns) {
  PolicyMaker maker;
  maker.add_patterns(Action::Block, patterns);
  return maker;
}

TEST(CompiledPolicy, MatchesNothingWhenEmpty) {
  PolicyMaker maker;
  EXPECT_FALSE(maker.policy().match("example.com"));
  EXPECT_FALSE(maker.policy().match(""));
  EXPECT_EQ(maker.policy().rule_count(), 0u);
}

TEST(CompiledPolicy, MatchesAPatternWithoutWildcardAsTheExactName) {
  PolicyMaker maker = make_policy({"youtube.com"});
  EXPECT_TRUE(maker.policy().match("youtube.com"));
  EXPECT_FALSE(maker.policy().match("www.youtube.com"));
  EXPECT_FALSE(maker.policy().match("youtube.co"));
}

TEST(CompiledPolicy, MatchesAWildcardBelowButNotAtTheName) {
  PolicyMaker maker = make_policy({"*.youtube.com"});
  EXPECT_TRUE(maker.policy().match("www.youtube.com"));
  EXPECT_TRUE(maker.policy().match("a.b.youtube.com"));
  EXPECT_FALSE(maker.policy().match("youtube.com"));
  EXPECT_FALSE(maker.policy().match("notyoutube.com"));
  EXPECT_FALSE(maker.policy().match("youtube.com.evil.example"));
}

TEST(CompiledPolicy, MatchesAnAdblockEntryAtAndBelowTheName) {
  PolicyMaker maker = make_policy({"||example.com^"});
  EXPECT_TRUE(maker.policy().match("example.com"));
  EXPECT_TRUE(maker.policy().match("a.b.example.com"));
  EXPECT_FALSE(maker.policy().match("notexample.com"));
  EXPECT_FALSE(maker.policy().match("com"));
}

TEST(CompiledPolicy, PrefersTheMostSpecificRule) {
  PolicyMaker maker =
      make_policy({"*", "*example*", "||com^", "*.com", "||example.com^", "*.example.com", "www.example.com", "||www.example.com^"});
  const CompiledPolicy& policy = maker.policy();
  EXPECT_EQ(rule_for(policy, "www.example.com"), "www.example.com");
  EXPECT_EQ(rule_for(policy, "a.www.example.com"), "||www.example.com^");
  EXPECT_EQ(rule_for(policy, "mail.example.com"), "*.example.com");
  EXPECT_EQ(rule_for(policy, "example.com"), "||example.com^");
  EXPECT_EQ(rule_for(policy, "other.com"), "*.com");
  EXPECT_EQ(rule_for(policy, "com"), "||com^");
  EXPECT_EQ(rule_for(policy, "example.org"), "*");
  PolicyMaker reversed = make_policy({"*example*", "*"});
  EXPECT_EQ(rule_for(reversed.policy(), "example.org"), "*example*");
}

TEST(CompiledPolicy, TakesTheFirstOfMatchingWildcardsWhereverTheyAreFiled) {
  PolicyMaker maker = make_policy({"a*.one.example", "a*", "a*.example", "?*.one.example"});
  EXPECT_EQ(rule_for(maker.policy(), "ab.one.example"), "a*.one.example");
  EXPECT_EQ(rule_for(maker.policy(), "ab.two.example"), "a*");
  PolicyMaker other = make_policy({"a*", "a*.one.example"});
  EXPECT_EQ(rule_for(other.policy(), "ab.one.example"), "a*");
}

TEST(CompiledPolicy, AllowsBeforeItBlocksAndBlocksBeforeItObserves) {
  PolicyMaker maker;
  maker.add_patterns(Action::Observe, {"*.example", "www.mail.example"});
  maker.add_patterns(Action::Block, {"mail.example", "||news.example^", "b*"});
  maker.add_patterns(Action::Allow, {"*.news.example", "bank*"});
  const CompiledPolicy& policy = maker.policy();
  EXPECT_EQ(policy.match("other.example")->action, Action::Observe);
  EXPECT_EQ(policy.match("mail.example")->action, Action::Block);
  EXPECT_EQ(policy.match("news.example")->action, Action::Block);
  EXPECT_EQ(policy.match("www.news.example")->action, Action::Allow);
  EXPECT_EQ(policy.match("bank.test")->rule, "bank*");
  EXPECT_EQ(policy.match("bad.test")->rule, "b*");
  EXPECT_EQ(policy.match("www.mail.example")->rule, "www.mail.example");
}

TEST(CompiledPolicy, TellsTheRuleOfEachAction) {
  PolicyMaker maker;
  maker.add_patterns(Action::Allow, {"www.example"});
  maker.add_patterns(Action::Block, {"*.example", "w*"});
  const auto all = maker.policy().match_each_action("www.example");
  ASSERT_TRUE(all[0] && all[1]);
  EXPECT_EQ(all[0]->rule, "www.example");
  EXPECT_EQ(all[1]->rule, "*.example");
  EXPECT_FALSE(all[2]);
}

TEST(CompiledPolicy, SaysWhichLineOfWhichListMatched) {
  PolicyMaker maker;
  maker.add_patterns(Action::Block, {"*.other.example", "Ads.Example."});
  maker.add_list(Action::Block, "first list", "# a comment\n\nads.example\na.test\n0.0.0.0 b.test c.test\n\n\nd.test\nx*.test\n");
  maker.add_list(Action::Allow, "second list", "e.test\n@@||f.test^\n");
  maker.add_list(Action::Block, "third list", "@@||g.test^\n");
  const CompiledPolicy& policy = maker.policy();
  const auto expect_at = [&](const char* host, const char* rule, const char* list, unsigned line) {
    const auto match = policy.match(host);
    ASSERT_TRUE(match) << host;
    EXPECT_EQ(match->rule, rule);
    EXPECT_EQ(match->list, list);
    EXPECT_EQ(match->line, line) << host;
  };
  expect_at("a.other.example", "*.other.example", "--block", 0);
  expect_at("ads.example", "ads.example", "--block", 0);
  expect_at("sub.ads.example", "ads.example", "first list", 3);
  expect_at("a.test", "a.test", "first list", 4);
  expect_at("b.test", "b.test", "first list", 5);
  expect_at("c.test", "c.test", "first list", 5);
  expect_at("d.test", "d.test", "first list", 8);
  expect_at("x1.test", "x*.test", "first list", 9);
  expect_at("e.test", "e.test", "second list", 1);
  expect_at("f.test", "@@||f.test^", "second list", 2);
  expect_at("g.test", "@@||g.test^", "third list", 1);
  EXPECT_EQ(policy.match("g.test")->action, Action::Allow);
}

// More rules than between two checkpoints, with gaps of every length between their lines.
TEST(CompiledPolicy, CountsLinesOverLongListsWithGaps) {
  PolicyMaker maker;
  std::string lines;
  std::vector<unsigned> at;
  for (unsigned rule = 0, line = 1; rule < 1000; ++rule, ++line) {
    const unsigned gap = rule % 97 == 96 ? 40'000 : rule % 7 == 6 ? 300 : rule % 5 == 4 ? 3 : 0;
    lines += std::string(gap, '\n') + "host" + std::to_string(rule) + ".test\n";
    line += gap;
    at.push_back(line);
  }
  maker.add_list(Action::Block, "list", lines);
  for (unsigned rule = 0; rule < 1000; ++rule) {
    const auto match = maker.policy().match("host" + std::to_string(rule) + ".test");
    ASSERT_TRUE(match);
    EXPECT_EQ(match->line, at[rule]) << rule;
  }
}

TEST(CompiledPolicy, FindsEveryOneOfManyNamesAndNoOther) {
  PolicyMaker maker;
  std::string lines;
  constexpr int kNames = 50'000;
  for (int number = 0; number < kNames; ++number) {
    lines += "0.0.0.0 n" + std::to_string(number) + (number % 3 == 0 ? ".com\n" : number % 3 == 1 ? ".co.test\n" : ".x" + std::to_string(number) + "\n");
  }
  maker.add_list(Action::Block, "list", lines);
  for (int number = 0; number < kNames; ++number) {
    const std::string name = "n" + std::to_string(number) + (number % 3 == 0 ? ".com" : number % 3 == 1 ? ".co.test" : ".x" + std::to_string(number));
    ASSERT_EQ(rule_for(maker.policy(), name), name);
    ASSERT_EQ(rule_for(maker.policy(), "m" + name), "none");
  }
}

TEST(CompiledPolicy, TakesHostsUpToTheirLimit) {
  const std::string dots = [] {
    std::string name = "a";
    while (name.size() < 253) {
      name += ".a";
    }
    return name;
  }();
  ASSERT_EQ(dots.size(), 253u);
  PolicyMaker maker = make_policy({"||a.a^", dots});
  EXPECT_EQ(rule_for(maker.policy(), dots), dots);
  EXPECT_EQ(rule_for(maker.policy(), dots.substr(2)), "||a.a^");
  (void)maker.policy().match(dots + std::string(70'000, '.'));  // which no host can be: the sanitizers watch
}

TEST(CompiledPolicy, HasTheSameVersionForTheSameRulesAlone) {
  PolicyMaker one = make_policy({"a.test", "b*.test"});
  PolicyMaker same = make_policy({"A.test", "b*.test"});
  PolicyMaker other = make_policy({"a.test", "c*.test"});
  EXPECT_EQ(one.policy().version().size(), 12u);
  EXPECT_EQ(one.policy().version(), same.policy().version());
  EXPECT_NE(one.policy().version(), other.policy().version());
}

TEST(CompiledPolicy, KeepsWhatWasFoundInEachList) {
  PolicyMaker maker;
  maker.add_list(Action::Block, "list", "a.test\na.test\nx##.ad\n/ad/\n*.b\n*.b\nc*c\nc*c\n");
  const auto lists = maker.policy().lists();
  ASSERT_EQ(lists.size(), 1u);
  EXPECT_EQ(lists[0].name, "list");
  EXPECT_TRUE(lists[0].is_file);
  EXPECT_EQ(lists[0].entries, 6u);
  EXPECT_EQ(lists[0].duplicates, 3u);
  EXPECT_EQ(lists[0].skipped, 2u);
  ASSERT_EQ(lists[0].skipped_first.size(), 2u);
  EXPECT_EQ(lists[0].skipped_first[0].line, 3u);
  EXPECT_NE(lists[0].skipped_first[0].reason.find("parts of a page"), std::string::npos);
  EXPECT_EQ(maker.policy().rule_count(), 3u);
}

TEST(CompiledPolicy, RefusesWhatIsNoPolicyOfThisVersion) {
  PolicyMaker maker = make_policy({"a.test"});
  (void)maker.policy();
  const std::string whole = maker.image();
  const auto error_of = [](std::string image) {
    std::string error;
    EXPECT_FALSE(CompiledPolicy::view(std::as_bytes(std::span(image)), error));
    return error;
  };
  EXPECT_EQ(error_of(""), "is no compiled policy");
  EXPECT_EQ(error_of("a text file"), "is no compiled policy");
  EXPECT_EQ(error_of(whole.substr(0, whole.size() - 1)), "is damaged");
  EXPECT_EQ(error_of(whole + "x"), "is damaged");
  std::string other = whole;
  other[8] = 99;
  EXPECT_EQ(error_of(other), "was compiled by another version of Weir");
  for (std::size_t at = 12; at < sizeof(image::Header); ++at) {
    other = whole;
    other[at] = static_cast<char>(other[at] ^ 1);
    EXPECT_EQ(error_of(other), "is damaged") << at;
  }
}

// Damage behind the header is noticed by is_intact(); whoever does not ask gets wrong answers, and nothing worse: the
// sanitizers see any read outside of the bytes.
TEST(CompiledPolicy, ReadsNothingOutsideOfADamagedPolicy) {
  PolicyMaker maker;
  std::string lines;
  for (int number = 0; number < 100; ++number) {
    lines += "n" + std::to_string(number) + ".test\n\nw*." + std::to_string(number) + ".test\n||m" + std::to_string(number) + "^\n";
  }
  maker.add_list(Action::Block, "list", lines);
  ASSERT_TRUE(maker.policy().is_intact());
  const std::string whole = maker.image();
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<char> damaged(whole.begin(), whole.end());  // of exact size
    for (int change = 0; change < 200; ++change) {
      damaged[sizeof(image::Header) + random() % (damaged.size() - sizeof(image::Header))] = static_cast<char>(random());
    }
    std::string error;
    const auto policy = CompiledPolicy::view(std::as_bytes(std::span(damaged)), error);
    ASSERT_TRUE(policy) << error;
    EXPECT_FALSE(policy->is_intact());
    for (int number = 0; number < 100; ++number) {
      const std::string text = std::to_string(number);
      (void)policy->match("n" + text + ".test");
      (void)policy->match_each_action("w." + text + ".test");
      (void)policy->match("a.m" + text);
    }
    (void)policy->lists();
  }
}

}  // namespace
}  // namespace weir::policy
