#include "common/policy/blocklist_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

class BlocklistFile : public testing::Test {
 protected:
  bool load(std::string_view text) {
    std::ofstream(path_, std::ios::binary) << text;
    return load_blocklist(path_, rules_, error_);
  }
  // What follows the file's name in the error.
  std::string error_tail() const {
    EXPECT_EQ(error_.substr(0, path_.string().size()), path_.string()) << error_;
    return error_.substr(std::min(error_.size(), path_.string().size()));
  }

  tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "block list.txt";
  DomainRules rules_;
  std::string error_;
};

TEST_F(BlocklistFile, ReadsOnePatternALine) {
  ASSERT_TRUE(load("ads.example\n*.youtube.com\n||tracker.example^\n")) << error_;
  EXPECT_EQ(rules_.size(), 3u);
  EXPECT_TRUE(rules_.match("m.youtube.com"));
  const auto match = rules_.match("a.tracker.example");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->list, path_.string());
  EXPECT_EQ(match->line, 3u);
}

TEST_F(BlocklistFile, ToleratesCommentsBlanksCrLfByteOrderMarkAndAMissingLastNewline) {
  ASSERT_TRUE(load("\xef\xbb\xbf# a list\r\n\r\n   \t\r\n  ads.example \t# the worst\r\n#\r\nlast.example")) << error_;
  EXPECT_EQ(rules_.size(), 2u);
  EXPECT_EQ(rules_.match("ads.example")->line, 4u);
  EXPECT_EQ(rules_.match("ads.example")->rule, "ads.example");
  EXPECT_EQ(rules_.match("last.example")->line, 6u);
}

TEST_F(BlocklistFile, TakesAnEmptyFile) {
  EXPECT_TRUE(load("")) << error_;
  EXPECT_EQ(rules_.size(), 0u);
}

TEST_F(BlocklistFile, NamesFileAndLineOfABadPattern) {
  EXPECT_FALSE(load("good.example\n\nnot a host\nalso bad\n"));
  EXPECT_EQ(error_tail(), ":3: \"not a host\" has a blank or control character");
}

TEST_F(BlocklistFile, TakesLinesUpToTheLimit) {
  const std::string comment(kBlocklistLineBytesMax, '#');
  EXPECT_TRUE(load(comment.substr(1))) << error_;
  EXPECT_TRUE(load(comment + "\nads.example\n")) << error_;
  EXPECT_FALSE(load("ads.example\n" + comment + "#\n"));
  EXPECT_EQ(error_tail(), ":2: longer than 4096 bytes");
}

TEST_F(BlocklistFile, SaysWhyAFileCannotBeRead) {
  EXPECT_FALSE(load_blocklist(path_, rules_, error_));
  EXPECT_EQ(error_tail(), ": cannot read: No such file or directory");
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(load_blocklist(path_, rules_, error_));
  EXPECT_EQ(error_tail(), ": cannot read: Is a directory");
}

TEST_F(BlocklistFile, RefusesAHugeFileWithoutReadingIt) {
  std::ofstream(path_) << "a.example\n";
  std::filesystem::resize_file(path_, kBlocklistBytesMax + 1);
  EXPECT_FALSE(load_blocklist(path_, rules_, error_));
  EXPECT_EQ(error_tail(), ": larger than 256 MiB");
}

}  // namespace
}  // namespace weir::policy
