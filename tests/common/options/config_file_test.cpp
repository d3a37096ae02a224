#include "common/options/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace weir::options {
namespace {

using testing::ElementsAre;

class ConfigFile : public testing::Test {
 protected:
  bool read(std::string_view text) {
    std::ofstream(path_) << text;
    errno = EAGAIN;  // left by anything that ran before
    options_.clear();
    error_.clear();
    return read_config_file(path_, options_, error_);
  }
  const FileOption& option(std::string_view name) const {
    for (const FileOption& candidate : options_) {
      if (candidate.name == name) {
        return candidate;
      }
    }
    throw std::runtime_error("no such option");
  }

  tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "weir.toml";
  std::vector<FileOption> options_;
  std::string error_;
};

TEST_F(ConfigFile, ReadsScalarsAndListsWithTheirLines) {
  ASSERT_TRUE(read("# comment\nrate-limit = \"100/10s\"\nworkers = 4\nsummary = true\nblock = [\n  \"*.youtube.com\",\n  \"a\" ]\n")) << error_;
  EXPECT_EQ(options_.size(), 4u);
  EXPECT_THAT(option("rate-limit").values, ElementsAre("100/10s"));
  EXPECT_EQ(option("rate-limit").line, 2u);
  EXPECT_FALSE(option("rate-limit").is_list);
  EXPECT_THAT(option("workers").values, ElementsAre("4"));
  EXPECT_THAT(option("summary").values, ElementsAre("true"));
  EXPECT_THAT(option("block").values, ElementsAre("*.youtube.com", "a"));
  EXPECT_EQ(option("block").line, 5u);
  EXPECT_TRUE(option("block").is_list);
}

TEST_F(ConfigFile, TakesAFileWithoutOptions) {
  EXPECT_TRUE(read("")) << error_;
  EXPECT_TRUE(read("\n# nothing yet\n")) << error_;
  EXPECT_TRUE(options_.empty());
}

TEST_F(ConfigFile, RefusesValuesThatNoOptionHas) {
  for (const char* value : {"1.5", "2026-11-22", "{ a = 1 }", "[1.5]", "[[\"a\"]]"}) {
    EXPECT_FALSE(read("\nlisten = " + std::string(value) + "\n")) << value;
    EXPECT_EQ(error_, path_.string() + ":2: listen: expected text, a whole number, true, false or a list of those") << value;
  }
  EXPECT_FALSE(read("[section]\nlisten = 1\n"));
  EXPECT_EQ(error_, path_.string() + ":1: section: expected text, a whole number, true, false or a list of those");
}

TEST_F(ConfigFile, NamesTheLineOfASyntaxError) {
  for (const char* text : {"a = 1\nb = \n", "a = 1\nb = \"open\n", "a = 1\na = 2\n", "a = 1\nb\n"}) {
    EXPECT_FALSE(read(text)) << text;
    EXPECT_EQ(error_.find(path_.string() + ":2: "), 0u) << error_;
    EXPECT_EQ(error_.find('\n'), std::string::npos) << error_;
  }
}

TEST_F(ConfigFile, SaysWhyItCannotBeRead) {
  EXPECT_FALSE(read_config_file(folder_ / "none.toml", options_, error_));
  EXPECT_EQ(error_, (folder_ / "none.toml").string() + ": cannot read: No such file or directory");
  EXPECT_FALSE(read_config_file(folder_.path(), options_, error_));
  EXPECT_EQ(error_, folder_.path().string() + ": cannot read: Is a directory");
}

}  // namespace
}  // namespace weir::options
