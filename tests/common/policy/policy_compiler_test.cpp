#include "common/policy/policy_compiler.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <span>

#include "common/policy/compiled_policy.h"
#include "common/policy/rule_collection.h"
#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

class PolicyCompiler : public testing::Test {
 protected:
  void write(std::string_view text) { std::ofstream(path_, std::ios::binary) << text; }
  bool compile() {
    auto image = compile_policy(sources_, error_);
    image_ = image.value_or("");
    return image.has_value();
  }
  bool compile(std::string_view text) {
    write(text);
    return compile();
  }
  CompiledPolicy policy() { return *CompiledPolicy::view(std::as_bytes(std::span(image_)), error_); }
  // What follows the file's name in the error.
  std::string error_tail() const {
    EXPECT_EQ(error_.substr(0, path_.string().size()), path_.string()) << error_;
    return error_.substr(std::min(error_.size(), path_.string().size()));
  }

  weir::tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "block list.txt";
  RuleSources sources_{.allow = {}, .block = {.patterns = {}, .files = {path_}}, .observe = {}};
  std::string image_;
  std::string error_;
};

TEST_F(PolicyCompiler, ReadsEveryFormatInOneFile) {
  ASSERT_TRUE(compile("\xef\xbb\xbf# a list\r\n\r\n*.video.test\r\n0.0.0.0 hosts.test\r\nplain.test # the worst\r\n||bars.test^\n"
                      "address=/masq.test/\n@@||good.bars.test^\nlast.test"))
      << error_;
  for (const auto& [host, line] : {std::pair("www.video.test", 3u), {"hosts.test", 4u}, {"a.plain.test", 5u}, {"bars.test", 6u},
                                   {"x.masq.test", 7u}, {"good.bars.test", 8u}, {"last.test", 9u}}) {
    const auto match = policy().match(host);
    ASSERT_TRUE(match) << host;
    EXPECT_EQ(match->line, line) << host;
    EXPECT_EQ(match->list, path_.string());
    EXPECT_EQ(match->action, line == 8 ? Action::Allow : Action::Block);
  }
  EXPECT_FALSE(policy().match("www.hosts.test"));
}

TEST_F(PolicyCompiler, TakesPatternsOfTheCommandLineAsFnmatchDoes) {
  sources_ = {};
  sources_.block.patterns = {"youtube.com"};
  sources_.allow.patterns = {"m.youtube.com"};
  ASSERT_TRUE(compile());
  EXPECT_TRUE(policy().match("youtube.com"));
  EXPECT_FALSE(policy().match("www.youtube.com"));
  EXPECT_EQ(policy().match("m.youtube.com")->action, Action::Allow);
}

TEST_F(PolicyCompiler, TakesAnEmptyFile) {
  EXPECT_TRUE(compile("")) << error_;
  EXPECT_EQ(policy().rule_count(), 0u);
}

TEST_F(PolicyCompiler, NamesFileAndLineOfAnUnreadableLine) {
  EXPECT_FALSE(compile("good.example\n\nnot a host\nalso bad\n"));
  EXPECT_EQ(error_tail(), ":3: \"not a host\" has a blank or control character");
}

TEST_F(PolicyCompiler, NamesTheOptionOfABadPattern) {
  sources_.block.patterns = {"good.test", "bad name"};
  EXPECT_FALSE(compile(""));
  EXPECT_EQ(error_, "--block: \"bad name\" has a blank or control character");
  sources_.block.patterns = {};
  sources_.observe.patterns = {"@@||a.test^"};
  EXPECT_FALSE(compile());
  EXPECT_EQ(error_, "--observe: \"@@||a.test^\" has a '@', which no host name has");
}

TEST_F(PolicyCompiler, TakesLinesUpToTheLimit) {
  const std::string comment(RuleCollection::kLineBytesMax, '#');
  EXPECT_TRUE(compile(comment)) << error_;
  EXPECT_FALSE(compile("ads.example\n" + comment + "#\n"));
  EXPECT_EQ(error_tail(), ":2: longer than 65536 bytes");
}

TEST_F(PolicyCompiler, RefusesMoreWildcardsThanCanBeTried) {
  std::string lines;
  for (std::size_t number = 0; number < RuleCollection::kWildcardsMax; ++number) {
    lines += "*ad" + std::to_string(number) + "*\n";
  }
  EXPECT_TRUE(compile(lines + "*.names-still-fit.example\n*ad1*\n")) << error_;
  EXPECT_FALSE(compile(lines + "*one-more*\n"));
  EXPECT_EQ(error_tail(), ":10001: \"*one-more*\" is one pattern too many: beside names and *.name there may be 10000");
}

TEST_F(PolicyCompiler, SaysWhyAFileCannotBeRead) {
  EXPECT_FALSE(compile());
  EXPECT_EQ(error_tail(), ": cannot read: No such file or directory");
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(compile());
  EXPECT_EQ(error_tail(), ": cannot read: Is a directory");
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(compile());
  EXPECT_EQ(error_tail(), ": is not a file");
}

TEST_F(PolicyCompiler, RefusesAHugeFileWithoutReadingIt) {
  write("a.example\n");
  std::filesystem::resize_file(path_, kListBytesMax + 1);
  EXPECT_FALSE(compile());
  EXPECT_EQ(error_tail(), ": larger than 256 MiB");
}

TEST_F(PolicyCompiler, RefusesMoreListsThanItNumbers) {
  write("");
  sources_.block.files.assign(kListsMax, path_);
  EXPECT_TRUE(compile()) << error_;
  sources_.observe.files = {path_};
  EXPECT_FALSE(compile());
  EXPECT_EQ(error_, "more than 1000 lists; join some of them");
}

TEST_F(PolicyCompiler, HashesWhatItReads) {
  ASSERT_TRUE(compile("one.test\n"));
  const auto inputs = hash_inputs(sources_, error_);
  EXPECT_EQ(policy().inputs(), inputs);
  ASSERT_TRUE(compile("two.test\n"));
  EXPECT_NE(policy().inputs(), inputs) << "of the same length, a moment later";
  write("one.test\n");
  EXPECT_EQ(hash_inputs(sources_, error_), inputs);
  sources_.observe = sources_.block;
  sources_.block = {};
  EXPECT_NE(hash_inputs(sources_, error_), inputs);
}

TEST_F(PolicyCompiler, MakesTheSameBytesOfTheSameSources) {
  std::string lines;
  for (int number = 0; number < 2000; ++number) {
    lines += "n" + std::to_string(number) + ".z" + std::to_string(number % 700) + "\nw*" + std::to_string(number % 900) + ".test\n";
  }
  ASSERT_TRUE(compile(lines)) << error_;
  const std::string first = image_;
  ASSERT_TRUE(compile());
  EXPECT_TRUE(first == image_);
}

}  // namespace
}  // namespace weir::policy
