#include "common/policy/list_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::policy {
namespace {

using Kind = RulePattern::Kind;
using Line = ListReader::Line;

// "kind name" of each rule of one line.
std::vector<std::string> rules_of(std::string_view line) {
  ListReader reader;
  EXPECT_EQ(reader.read(line), Line::Read) << line << ": " << reader.reason();
  std::vector<std::string> texts;
  for (const RulePattern& rule : reader.rules()) {
    texts.push_back(rule_text(rule.kind, false, rule.is_exception, rule.name));
  }
  return texts;
}

using Rules = std::vector<std::string>;

void expect_skipped(std::string_view line, std::string_view why) {
  ListReader reader;
  EXPECT_EQ(reader.read(line), Line::Skipped) << line;
  EXPECT_NE(reader.reason().find(why), std::string::npos) << line << ": " << reader.reason();
}

void expect_unreadable(std::string_view line, std::string_view why) {
  ListReader reader;
  EXPECT_EQ(reader.read(line), Line::Unreadable) << line;
  EXPECT_NE(reader.reason().find(why), std::string::npos) << line << ": " << reader.reason();
}

TEST(ListReader, TakesAPlainNameWithAllBelowIt) {
  EXPECT_EQ(rules_of("ads.example"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("  ADS.Example.\t\r"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of(".ads.example"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("bücher.example"), Rules{"||xn--bcher-kva.example^"});
}

TEST(ListReader, TakesWildcardsAsFnmatchDoes) {
  EXPECT_EQ(rules_of("*.youtube.com"), Rules{"*.youtube.com"});
  EXPECT_EQ(rules_of("ad[0-9]*.example"), Rules{"ad[0-9]*.example"});
  EXPECT_EQ(rules_of("[ab].example"), Rules{"[ab].example"});
  EXPECT_EQ(rules_of("*"), Rules{"*"});
}

TEST(ListReader, TakesAddressesAsTheyAre) {
  EXPECT_EQ(rules_of("192.0.2.1"), Rules{"192.0.2.1"});
  EXPECT_EQ(rules_of("2001:DB8::0:1"), Rules{"2001:db8::1"});
}

TEST(ListReader, ReadsOverCommentsAndEmptyLines) {
  for (const char* line : {"", "   \t", "# comment", "  # 0.0.0.0 ads.example", "! AdBlock comment", "## ads.example", "[Adblock Plus 2.0]"}) {
    EXPECT_EQ(rules_of(line), Rules{}) << line;
  }
  EXPECT_EQ(rules_of("ads.example # the worst"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("ads.example#the worst"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("ads.example ## the worst"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("0.0.0.0 ads.example#x"), Rules{"ads.example"});
}

TEST(ListReader, ReadsHostsFiles) {
  EXPECT_EQ(rules_of("0.0.0.0 ads.example"), Rules{"ads.example"});
  EXPECT_EQ(rules_of("127.0.0.1\tads.example  B.example # both"), (Rules{"ads.example", "b.example"}));
  EXPECT_EQ(rules_of(":: ads.example"), Rules{"ads.example"});
  EXPECT_EQ(rules_of("::1 ads.example"), Rules{"ads.example"});
}

TEST(ListReader, KnowsTheLinesThatEveryHostsFileHas) {
  for (const char* line : {"127.0.0.1 localhost", "127.0.0.1 localhost.localdomain local", "255.255.255.255 broadcasthost", "::1 ip6-localhost ip6-loopback",
                           "fe80::1%lo0 localhost", "ff00::0 ip6-mcastprefix", "ff02::1 ip6-allnodes", "0.0.0.0 0.0.0.0"}) {
    EXPECT_EQ(rules_of(line), Rules{}) << line;
  }
}

TEST(ListReader, SkipsHostsLinesThatBlockNothing) {
  expect_skipped("192.0.2.7 intranet.example", "real address");
  expect_skipped("0.0.0.0 a..example", "empty label");
  expect_skipped("0.0.0.0 *.example", "is no host name");
  ListReader reader;
  EXPECT_EQ(reader.read("0.0.0.0 a..example good.example"), Line::Skipped);
  ASSERT_EQ(reader.rules().size(), 1u) << "what can be said of the line is";
  EXPECT_EQ(reader.rules()[0].name, "good.example");
}

TEST(ListReader, ReadsTheHostRulesOfAdblockLists) {
  EXPECT_EQ(rules_of("||ads.example^"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("||*.ads.example^"), Rules{"*.ads.example"});
  EXPECT_EQ(rules_of("@@||good.example^"), Rules{"@@||good.example^"});
  EXPECT_EQ(rules_of("||ads.example^$important"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("||ads.example^$document,all"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("||192.0.2.1^"), Rules{"||192.0.2.1^"});
}

TEST(ListReader, SkipsAdblockRulesThatSayMoreThanAHost) {
  expect_skipped("||ads.example^$third-party", "\"third-party\"");
  expect_skipped("||ads.example^$important,domain=a.example", "\"domain=a.example\"");
  expect_skipped("||ads.example/banner", "does not end with ^");
  expect_skipped("||ads.example", "does not end with ^");
  expect_skipped("||ad*.example^", "wildcard between || and ^");
  expect_skipped("||ads.example/*^", "path");
  expect_skipped("||a..example^", "empty label");
  expect_skipped("@@/banner/", "@@||name^");
  expect_skipped("|https://ads.example^", "about more than a host");
  expect_skipped("/banner[0-9]+/", "about more than a host");
  expect_skipped("ads.example^", "about more than a host");
  expect_skipped("ads.example$popup", "about more than a host");
  for (const char* line : {"ads.example##.banner", "ads.example#@#.banner", "a.example,b.example#?#div:has(a)", "ads.example#%#x()", "ads.example#@$#b{c:d}"}) {
    expect_skipped(line, "parts of a page");
  }
}

TEST(ListReader, TakesNothingButHostRulesFromAListThatSaysItIsForAdblock) {
  ListReader reader;
  EXPECT_EQ(reader.read("[Adblock Plus 2.0]"), Line::Read);
  EXPECT_EQ(reader.read("-banner.*ads"), Line::Skipped);
  EXPECT_EQ(reader.read("&ad_box_"), Line::Skipped);
  EXPECT_EQ(reader.read("adserver"), Line::Skipped) << "this is a part of an address there, and no name";
  EXPECT_EQ(reader.read("||ads.example^"), Line::Read);
  EXPECT_EQ(reader.rules().size(), 1u);
  EXPECT_EQ(reader.read("0.0.0.0 ads.example"), Line::Read);
  EXPECT_EQ(reader.rules().size(), 1u);
}

TEST(ListReader, ReadsDnsmasqFiles) {
  EXPECT_EQ(rules_of("address=/ads.example/0.0.0.0"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("address=/ads.example/::"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("address=/ads.example/"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("address=/ads.example/#"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("address=/a.example/b.example/127.0.0.1 # both"), (Rules{"||a.example^", "||b.example^"}));
  EXPECT_EQ(rules_of("server=/ads.example/"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("local=/ads.example/"), Rules{"||ads.example^"});
  EXPECT_EQ(rules_of("address=/#/0.0.0.0"), Rules{"*"});
}

TEST(ListReader, SkipsDnsmasqLinesThatBlockNothing) {
  expect_skipped("address=/intranet.example/192.0.2.7", "real address");
  expect_skipped("server=/corp.example/192.0.2.53", "another name server");
  expect_skipped("server=/corp.example/#", "another name server");
  expect_skipped("address=/ads*.example/0.0.0.0", "wildcard");
  expect_skipped("address=/ads.example", "between slashes");
  expect_skipped("address=//0.0.0.0", "empty");
}

TEST(ListReader, SkipsNamesThatNoHostCanHave) {
  expect_skipped("a..example", "empty label");
  expect_skipped(std::string(64, 'a') + ".example", "label longer");
  expect_skipped(".", "empty");
}

TEST(ListReader, CallsALineWithoutAnyOfTheFormatsUnreadable) {
  expect_unreadable("this is not a list", "has a blank");
  expect_unreadable("<!DOCTYPE html>", "\"<!DOCTYPE html>\"");
  expect_unreadable("https://ads.example", "leave out scheme");
  expect_unreadable("ads.example:443", "leave out scheme");
  expect_unreadable("1,ads.example", "','");
  expect_unreadable("ads[0-9.example", "[ without ]");
  expect_unreadable("block = [\"ads.example\"]", "has a");
  expect_unreadable(std::string_view("\x1f\x8b\x08\x00zip", 7), "control character");
  expect_unreadable("*ü.example", "cannot be written in ASCII");
}

}  // namespace
}  // namespace weir::policy
