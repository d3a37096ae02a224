#include "common/policy/glob.h"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace weir::policy {
namespace {

struct Example {
  const char* pattern;
  const char* text;
  bool matches;
};

// As Python 3.11's fnmatch.fnmatchcase answers.
constexpr Example kExamples[] = {
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"*", "www.youtube.com", true},
    {"?", "", false},
    {"*.youtube.com", "www.youtube.com", true},
    {"*.youtube.com", "youtube.com", false},
    {"*.youtube.com", "a.b.youtube.com", true},
    {"*.youtube.com", "notyoutube.com", false},
    {"*.youtube.com", ".youtube.com", true},
    {"*youtube*", "m.youtube.co.uk", true},
    {"ad?.example", "ad1.example", true},
    {"ad?.example", "ad.example", false},
    {"ad?.example", "ad12.example", false},
    {"[abc].example", "b.example", true},
    {"[abc].example", "d.example", false},
    {"[!abc].example", "d.example", true},
    {"[!abc].example", "a.example", false},
    {"ad[0-9].example", "ad7.example", true},
    {"ad[!0-9].example", "ad7.example", false},
    {"[z-a]", "m", false},
    {"[z-a]", "z", false},
    {"[!z-a]", "m", true},
    {"[z-ab]", "b", true},
    {"[a-]", "-", true},
    {"[-a]", "-", true},
    {"[a-c-e]", "d", false},
    {"[a-c-e]", "-", true},
    {"[a-c-e]", "e", true},
    {"[--0]", ".", true},
    {"[]a]", "]", true},
    {"[!]a]", "]", false},
    {"[!]a]", "b", true},
    {"[!]", "[!]", true},
    {"[]", "[]", true},
    {"[", "[", true},
    {"a[", "a[", true},
    {"[a!]", "!", true},
    {"[^a]", "^", true},
    {"[^a]", "b", false},
    {"[[]", "[", true},
    {"[[.a.]]", ".]", true},
    {"[\\]", "\\", true},
    {"\\*", "\\x", true},
    {"\\*", "*", false},
    {"**a**", "bab", true},
    {"*a*b", "xaxxb", true},
    {"*a*b", "xaxxbc", false},
    {"a*a", "a", false},
    {"a*a", "aa", true},
};

TEST(Glob, AnswersAsPythonDoes) {
  for (const Example& example : kExamples) {
    EXPECT_EQ(glob_matches(example.pattern, example.text), example.matches) << example.pattern << " on " << example.text;
  }
}

TEST(Glob, MatchesEveryByte) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    EXPECT_TRUE(glob_matches("?", text)) << byte;
    EXPECT_TRUE(glob_matches("[!\x01]", text) || byte == 1) << byte;
  }
}

std::string random_pattern(std::mt19937& random) {
  static const char* const kParts[] = {"a", "b", "c", ".", "*", "*", "?", "[ab]", "[!a]", "[a-b]", "[!b-c]", "[.a]", "[a-ac]"};
  std::string pattern;
  for (auto length = random() % 8; length > 0; --length) {
    pattern += kParts[random() % std::size(kParts)];
  }
  return pattern;
}

std::string random_text(std::mt19937& random) {
  std::string text;
  for (auto length = random() % 9; length > 0; --length) {
    text += "abc."[random() % 4];
  }
  return text;
}

TEST(Glob, AgreesWithTheSystemsFnmatch) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int matched = 0;
  for (int round = 0; round < 50'000; ++round) {
    const std::string pattern = random_pattern(random);
    for (int host = 0; host < 24; ++host) {
      const std::string text = random_text(random);
      const bool expected = ::fnmatch(pattern.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
      ASSERT_EQ(glob_matches(pattern, text), expected) << pattern << " on " << text;
      matched += expected ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 50'000);
}

TEST(Glob, TakesNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) {
    pattern += "*a";
  }
  pattern += "*b";
  EXPECT_FALSE(glob_matches(pattern, std::string(250, 'a')));
}

}  // namespace
}  // namespace weir::policy
