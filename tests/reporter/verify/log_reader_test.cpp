#include "reporter/verify/log_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/reporter/verify/installation.h"
#include "tests/support/temporary_folder.h"

namespace weir::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Result = LogReading::Result;

class LogReader : public ::testing::Test {
 protected:
  LogReading read(const std::string& content, std::uint64_t length) {
    testing::write(folder_ / "log", content);
    lines_.clear();
    return read_log(folder_ / "log", length, [this](std::string_view line, std::uint64_t number) {
      lines_.emplace_back(line);
      EXPECT_EQ(number, lines_.size());
    });
  }

  tests::TemporaryFolder folder_;
  std::vector<std::string> lines_;
};

TEST_F(LogReader, GivesEachLine) {
  const LogReading reading = read("one\n\nthree\n", 11);
  EXPECT_EQ(reading.result, Result::Whole);
  EXPECT_FALSE(reading.is_cut);
  EXPECT_THAT(lines_, ElementsAre("one", "", "three"));
}

TEST_F(LogReader, StopsAtTheLength) {
  EXPECT_FALSE(read("one\ntwo\n", 4).is_cut);
  EXPECT_THAT(lines_, ElementsAre("one"));
  const LogReading within = read("one\ntwo\n", 6);
  EXPECT_TRUE(within.is_cut);
  EXPECT_EQ(within.result, Result::Whole);
  EXPECT_EQ(within.file_bytes, 8u);
  EXPECT_THAT(lines_, ElementsAre("one"));
  EXPECT_FALSE(read("one\n", 0).is_cut);
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(LogReader, TellsThatTheFileIsShorter) {
  const LogReading reading = read("one\ntw", 20);
  EXPECT_EQ(reading.result, Result::Shorter);
  EXPECT_EQ(reading.bytes, 6u);
  EXPECT_THAT(lines_, ElementsAre("one"));
}

TEST_F(LogReader, PutsLinesTogetherFromBlocks) {
  std::string content;
  std::vector<std::string> lines;
  for (int number = 0; number < 40; ++number) {
    lines.push_back(std::string(static_cast<std::size_t>(number) * 9973, static_cast<char>('a' + number % 26)));
    content += lines.back() + "\n";
  }
  EXPECT_GT(content.size(), 5u << 20);
  EXPECT_EQ(read(content, content.size()).lines, 40u);
  EXPECT_EQ(lines_, lines);
}

TEST_F(LogReader, KeepsNoEndlessLine) {
  const std::string content = std::string(kLineBytesMax + 5, 'x') + "\nnext\n";
  read(content, content.size());
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0].size(), kLineBytesMax);
  EXPECT_EQ(lines_[1], "next");
}

TEST_F(LogReader, RefusesWhatIsNoFile) {
  const auto ignore = [](std::string_view, std::uint64_t) {};
  EXPECT_EQ(read_log(folder_ / "none", 1, ignore).result, Result::Missing);
  EXPECT_EQ(read_log(folder_.path(), 1, ignore).result, Result::Unreadable);
  std::filesystem::create_symlink("/dev/zero", folder_ / "link");
  EXPECT_EQ(read_log(folder_ / "link", 1, ignore).result, Result::Unreadable);
}

}  // namespace
}  // namespace weir::verify
