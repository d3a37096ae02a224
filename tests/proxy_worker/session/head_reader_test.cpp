#include "proxy_worker/session/head_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::session {
namespace {

using Result = HeadReader::Result;

constexpr const char* kHead = "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n";

struct Read {
  Result result = Result::Incomplete;
  std::string head;
  std::string rest;

  bool operator==(const Read&) const = default;
};

// Gives the reader pieces that end at each of `ends`, and at the end of all, until it has something to say.
Read read(HeadReader& reader, std::string bytes, std::vector<std::size_t> ends = {}) {
  ends.push_back(bytes.size());
  Read read;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size() && read.result == Result::Incomplete; ++i) {
    std::string piece = bytes.substr(begin, ends[i] - begin);
    read.result = reader.take(piece);
    begin = ends[i];
    if (read.result != Result::Incomplete) {
      read.head = reader.head();
      read.rest = std::string(reader.rest().data(), reader.rest().size()) + bytes.substr(begin);
    }
  }
  return read;
}

TEST(HeadReader, FindsTheHeadHoweverItArrives) {
  for (const char* before : {"", "\r\n", "\r\n\r\n"}) {
    const std::string bytes = std::string(before) + kHead + "body";
    const Read expected{Result::Complete, kHead, "body"};
    std::vector<std::vector<std::size_t>> ways(2);
    for (std::size_t i = 1; i < bytes.size(); ++i) {
      ways[1].push_back(i);
      ways.push_back({i});
    }
    for (const auto& ends : ways) {
      HeadReader reader;
      reader.begin();
      const Read seen = read(reader, bytes, ends);
      EXPECT_EQ(seen.result, expected.result);
      EXPECT_EQ(seen.head, expected.head);
      EXPECT_EQ(seen.rest, expected.rest);
    }
  }
}

TEST(HeadReader, GoesOnWithWhatCameBehind) {
  HeadReader reader;
  std::string two = std::string(kHead) + "\r\n" + kHead + "x";
  reader.begin();
  ASSERT_EQ(reader.take(two), Result::Complete);
  reader.keep(reader.rest());
  reader.release();
  reader.begin();
  ASSERT_EQ(reader.take_leftover(), Result::Complete);
  EXPECT_EQ(reader.head(), kHead);
  reader.keep(reader.rest());
  EXPECT_EQ(reader.leftover(), "x");
  reader.release();
  reader.begin();
  EXPECT_EQ(reader.take_leftover(), Result::Incomplete);
  EXPECT_EQ(reader.leftover(), "x");
}

TEST(HeadReader, RefusesTheImpossibleAtOnce) {
  HeadReader reader;
  reader.begin();
  EXPECT_EQ(read(reader, "GET \x01").result, Result::Invalid);
}

TEST(HeadReader, SkipsAFewEmptyLinesAndTakesOneMoreForAHead) {
  for (const int count : {7, 8, 9}) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      lines += "\r\n";
    }
    HeadReader reader;
    reader.begin();
    const Read seen = read(reader, lines + kHead);
    EXPECT_EQ(seen.result, Result::Complete);
    EXPECT_EQ(seen.head, count <= 8 ? kHead : "\r\n") << count;
  }
}

TEST(HeadReader, BoundsAHead) {
  const std::string begin = "GET / HTTP/1.1\r\nA: ";
  const auto of_size = [&](std::size_t bytes) { return begin + std::string(bytes - begin.size() - 4, 'a') + "\r\n\r\n"; };
  for (const std::vector<std::size_t>& ends : {std::vector<std::size_t>{}, {40'000}, {100, 65'000}}) {
    for (const std::size_t bytes : {HeadReader::kHeadBytesMax - 1, HeadReader::kHeadBytesMax}) {
      HeadReader fits;
      fits.begin();
      EXPECT_EQ(read(fits, of_size(bytes), ends).result, Result::Complete);
    }
    HeadReader too_large;
    too_large.begin();
    EXPECT_EQ(read(too_large, of_size(HeadReader::kHeadBytesMax + 1), ends).result, Result::TooLarge);
  }
  HeadReader too_long;
  too_long.begin();
  EXPECT_EQ(read(too_long, std::string(HeadReader::kHeadBytesMax + 1, 'a'), {60'000}).result, Result::TooLong);
}

}  // namespace
}  // namespace weir::session
