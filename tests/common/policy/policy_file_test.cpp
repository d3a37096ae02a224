#include "common/policy/policy_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

class PolicyFile : public testing::Test {
 protected:
  void write_list(std::string_view text) { std::ofstream(list_, std::ios::binary) << text; }
  Compilation compile() { return compile_policy_file(path_, sources_, error_); }
  std::string rule_for(std::string_view host) {
    const auto mapped = MappedPolicy::open(path_, error_);
    const auto match = mapped ? mapped->policy().match(host) : std::nullopt;
    return !mapped ? error_ : match ? match->rule : "none";
  }

  weir::tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "policy.bin";
  std::filesystem::path list_ = folder_ / "list";
  RuleSources sources_{.allow = {}, .block = {.patterns = {}, .files = {list_}}, .observe = {}};
  std::string error_;
};

TEST_F(PolicyFile, IsCompiledOnceForSourcesThatStayAsTheyAre) {
  write_list("one.test\n");
  EXPECT_EQ(compile(), Compilation::Compiled) << error_;
  EXPECT_EQ(compile(), Compilation::FoundDone);
  EXPECT_TRUE(open_fitting(path_, sources_));
  EXPECT_EQ(rule_for("one.test"), "one.test");
  write_list("two.test\n");
  EXPECT_FALSE(open_fitting(path_, sources_));
  EXPECT_EQ(compile(), Compilation::Compiled) << error_;
  EXPECT_EQ(rule_for("one.test"), "none");
  EXPECT_EQ(rule_for("two.test"), "two.test");
}

TEST_F(PolicyFile, StaysAsItWasWhenASourceIsBad) {
  write_list("one.test\n");
  ASSERT_EQ(compile(), Compilation::Compiled);
  write_list("two.test\nthis is bad\n");
  EXPECT_EQ(compile(), Compilation::BadSource);
  EXPECT_EQ(error_, list_.string() + ":2: \"this is bad\" has a blank or control character");
  EXPECT_EQ(rule_for("one.test"), "one.test");
}

TEST_F(PolicyFile, KeepsWhatIsMappedWhenItIsReplaced) {
  write_list("one.test\n");
  ASSERT_EQ(compile(), Compilation::Compiled);
  const auto old = MappedPolicy::open(path_, error_);
  ASSERT_TRUE(old);
  write_list("two.test\n");
  ASSERT_EQ(compile(), Compilation::Compiled);
  EXPECT_TRUE(old->policy().match("one.test"));
  EXPECT_FALSE(old->policy().match("two.test"));
  EXPECT_TRUE(old->policy().is_intact());
}

TEST_F(PolicyFile, IsCompiledAnewWhenItIsDamaged) {
  write_list("one.test\n");
  ASSERT_EQ(compile(), Compilation::Compiled);
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-3, std::ios::end);
    file.put('\x7f');
  }
  EXPECT_FALSE(open_fitting(path_, sources_));
  EXPECT_EQ(compile(), Compilation::Compiled);
  std::ofstream(path_, std::ios::binary | std::ios::trunc) << "cut off";
  EXPECT_EQ(rule_for("one.test"), path_.string() + ": is no compiled policy");
  EXPECT_EQ(compile(), Compilation::Compiled);
  EXPECT_EQ(rule_for("one.test"), "one.test");
}

TEST_F(PolicyFile, IsRemovedWhenThereAreNoSources) {
  write_list("one.test\n");
  ASSERT_EQ(compile(), Compilation::Compiled);
  sources_ = {};
  EXPECT_EQ(compile(), Compilation::FoundDone) << error_;
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(compile(), Compilation::FoundDone) << "nothing to remove is no failure: " << error_;
}

TEST_F(PolicyFile, SaysWhenItCannotBeWritten) {
  write_list("one.test\n");
  std::filesystem::create_directory(path_.string() + ".new");
  EXPECT_EQ(compile(), Compilation::Failed);
  EXPECT_NE(error_.find("cannot write: Is a directory"), std::string::npos) << error_;
}

TEST_F(PolicyFile, IsCompiledByOneOfManyWhoAskAtOnce) {
  std::string lines;
  for (int number = 0; number < 20'000; ++number) {
    lines += "n" + std::to_string(number) + ".test\n";
  }
  write_list(lines);
  std::vector<Compilation> outcomes(8);
  std::vector<std::thread> askers;
  for (Compilation& outcome : outcomes) {
    askers.emplace_back([&outcome, this] {
      std::string error;
      outcome = compile_policy_file(path_, sources_, error);
    });
  }
  for (std::thread& asker : askers) {
    asker.join();
  }
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), Compilation::Compiled), 1);
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), Compilation::FoundDone), 7);
}

}  // namespace
}  // namespace weir::policy
