#include "proxy_worker/traffic/spool_segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/proxy_worker/traffic/spool_fixture.h"

namespace weir::traffic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kBytes = 4096;

class SpoolSegmentTest : public testing::Test {
 protected:
  SpoolSegment create(std::uint64_t first_sequence = 1, std::size_t bytes = kBytes) {
    std::string error;
    auto segment = SpoolSegment::create(folder_.path(), "worker-0-abc", first_sequence, bytes, error);
    EXPECT_TRUE(segment) << error;
    return std::move(*segment);
  }
  SpoolSegment recover(const std::filesystem::path& path) {
    std::string error;
    auto segment = SpoolSegment::recover(path, error);
    EXPECT_TRUE(segment) << error;
    return std::move(*segment);
  }
  std::string recover_error(const std::filesystem::path& path) {
    std::string error;
    EXPECT_FALSE(SpoolSegment::recover(path, error));
    return error;
  }
  std::filesystem::path file(const std::string& content) {
    const auto path = folder_.path() / "file.seg";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  tests::TemporaryFolder folder_;
};

bool append(SpoolSegment& segment, std::string_view payload) {
  std::byte* room = segment.reserve(payload.size());
  if (room == nullptr) {
    return false;
  }
  std::memcpy(room, payload.data(), payload.size());
  segment.seal(payload.size());
  return true;
}

std::vector<std::string> all_payloads(const SpoolSegment& segment) {
  std::uint64_t count = 0;
  const auto out = payloads(segment.range(SpoolSegment::first_offset(), kBytes, count), segment.first_sequence());
  EXPECT_EQ(out.size(), count);
  return out;
}

TEST_F(SpoolSegmentTest, HoldsWhatIsAppended) {
  SpoolSegment segment = create(7);
  EXPECT_EQ(segment.event_count(), 0u);
  EXPECT_TRUE(append(segment, "one"));
  EXPECT_TRUE(append(segment, "second"));
  EXPECT_EQ(segment.stream_id(), "worker-0-abc");
  EXPECT_EQ(segment.first_sequence(), 7u);
  EXPECT_EQ(segment.end_sequence(), 9u);
  EXPECT_THAT(all_payloads(segment), ElementsAre("one", "second"));
}

TEST_F(SpoolSegmentTest, TakesAsMuchAsFits) {
  const std::size_t room = kBytes - SpoolSegment::first_offset() - ledger::kRecordHeaderBytes;
  EXPECT_TRUE(append(*std::make_unique<SpoolSegment>(create()), std::string(room - 1, 'x')));
  EXPECT_TRUE(append(*std::make_unique<SpoolSegment>(create(2)), std::string(room, 'x')));
  EXPECT_FALSE(append(*std::make_unique<SpoolSegment>(create(3)), std::string(room + 1, 'x')));
}

TEST_F(SpoolSegmentTest, IsFullInTheEnd) {
  SpoolSegment segment = create();
  std::size_t count = 0;
  while (append(segment, std::string(100, 'x'))) {
    ++count;
  }
  EXPECT_EQ(count, (kBytes - SpoolSegment::first_offset()) / ledger::framed_bytes(100));
  EXPECT_EQ(recover(segment.path()).event_count(), count);
}

TEST_F(SpoolSegmentTest, GivesWholeEventsAndAtLeastOne) {
  SpoolSegment segment = create();
  for (const char* payload : {"aaaa", "bbbb", "cccc"}) {
    append(segment, payload);
  }
  const std::size_t frame = ledger::framed_bytes(4);
  std::uint64_t count = 0;
  EXPECT_THAT(payloads(segment.range(SpoolSegment::first_offset(), 0, count), 1), ElementsAre("aaaa"));
  EXPECT_THAT(payloads(segment.range(SpoolSegment::first_offset(), 2 * frame - 1, count), 1), ElementsAre("aaaa"));
  EXPECT_THAT(payloads(segment.range(SpoolSegment::first_offset(), 2 * frame, count), 1), ElementsAre("aaaa", "bbbb"));
  EXPECT_EQ(count, 2u);
  EXPECT_TRUE(segment.range(segment.end_offset(), kBytes, count).empty());
  EXPECT_EQ(count, 0u);
}

TEST_F(SpoolSegmentTest, FindsAnEventByItsNumber) {
  SpoolSegment segment = create(10);
  append(segment, "a");
  append(segment, std::string(50, 'b'));
  EXPECT_EQ(segment.offset_of(10), SpoolSegment::first_offset());
  std::uint64_t count = 0;
  EXPECT_THAT(payloads(segment.range(segment.offset_of(11), 0, count), 11), ElementsAre(std::string(50, 'b')));
  EXPECT_EQ(segment.offset_of(12), segment.end_offset());
}

TEST_F(SpoolSegmentTest, IsTakenUpAsItWasLeft) {
  std::filesystem::path path;
  {
    SpoolSegment segment = create(5);
    append(segment, "a");
    append(segment, "b");
    segment.set_acknowledged(5);
    path = segment.path();
  }
  SpoolSegment segment = recover(path);
  EXPECT_EQ(segment.stream_id(), "worker-0-abc");
  EXPECT_EQ(segment.acknowledged(), 5u);
  EXPECT_EQ(segment.end_sequence(), 7u);
  EXPECT_TRUE(append(segment, "c"));
  EXPECT_THAT(all_payloads(segment), ElementsAre("a", "b", "c"));
}

TEST_F(SpoolSegmentTest, ForgetsAnEventThatWasNotFinished) {
  std::filesystem::path path;
  {
    SpoolSegment segment = create();
    append(segment, "a");
    std::memset(segment.reserve(500), 'x', 500);
    path = segment.path();
  }
  SpoolSegment segment = recover(path);
  EXPECT_EQ(segment.event_count(), 1u);
  append(segment, "b");
  EXPECT_EQ(recover(path).event_count(), 2u) << "nothing of the unfinished event shows behind the new one";
}

TEST_F(SpoolSegmentTest, EndsBeforeDamage) {
  std::filesystem::path path;
  std::size_t place = 0;
  {
    SpoolSegment segment = create();
    append(segment, "a");
    place = segment.end_offset() + ledger::kRecordHeaderBytes;
    append(segment, "b");
    append(segment, "c");
    path = segment.path();
  }
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(static_cast<std::streamoff>(place)).put('B');
  SpoolSegment segment = recover(path);
  EXPECT_THAT(all_payloads(segment), ElementsAre("a"));
  EXPECT_EQ(segment.damaged_count(), 2u) << "it is known how many there were";
  EXPECT_EQ(recover(path).damaged_count(), 2u) << "also the next time";
}

// The octets of a file that was made, but whose header was not written.
TEST_F(SpoolSegmentTest, IsRemovedWhenItWasNeverFinished) {
  const auto path = folder_.path() / "unfinished.seg";
  std::ofstream(path) << std::string(4096, '\0');
  EXPECT_EQ(recover_error(path), "");
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(recover_error(file("")), "");
}

// All of the header but the magic, which is stored last.
TEST_F(SpoolSegmentTest, IsRemovedWhenItsHeaderWasNotFinished) {
  const auto path = file(std::string(8, '\0') + "\1" + std::string(23, '\0') + "worker-0" + std::string(4096, '\0'));
  EXPECT_EQ(recover_error(path), "");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(SpoolSegmentTest, IsKeptWithoutItsMagicWhenThereAreEvents) {
  EXPECT_THAT(recover_error(file(std::string(128, '\0') + "event" + std::string(128, '\0'))), HasSubstr("not a spool segment"));
}

TEST_F(SpoolSegmentTest, RemembersWhatWasLostBehindIt) {
  std::filesystem::path path;
  {
    SpoolSegment segment = create();
    append(segment, "a");
    EXPECT_EQ(segment.lost_behind(), 0u);
    segment.set_lost_behind(3);
    path = segment.path();
  }
  SpoolSegment segment = recover(path);
  EXPECT_EQ(segment.lost_behind(), 3u);
  EXPECT_EQ(segment.damaged_count(), 0u);
}

// The old events are still there, as long as the new ones and so in the same places.
TEST_F(SpoolSegmentTest, ShowsNothingOfTheFilesFormerLife) {
  SpoolSegment first = create(1);
  for (const char* payload : {"a1", "a2", "a3"}) {
    append(first, payload);
  }
  ASSERT_TRUE(first.give_up(folder_.path() / "free"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "00000000000000000001.seg"));
  std::string error;
  auto second = SpoolSegment::create_from(std::move(first), folder_.path(), "worker-0-abc", 4, error);
  ASSERT_TRUE(second) << error;
  EXPECT_EQ(second->path().filename(), "00000000000000000004.seg");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "free"));
  EXPECT_EQ(second->event_count(), 0u);
  EXPECT_EQ(second->acknowledged(), 0u);
  append(*second, "b1");
  EXPECT_THAT(all_payloads(*second), ElementsAre("b1"));
  SpoolSegment recovered = recover(second->path());
  EXPECT_EQ(recovered.end_sequence(), 5u);
  EXPECT_EQ(recovered.damaged_count(), 0u);
  append(recovered, "b2");
  EXPECT_THAT(all_payloads(recovered), ElementsAre("b1", "b2"));
}

TEST_F(SpoolSegmentTest, IsRemovedWhenItWasGivenUp) {
  SpoolSegment segment = create();
  append(segment, "a");
  EXPECT_FALSE(segment.give_up(folder_.path() / "missing" / "free"));
  EXPECT_EQ(recover_error(segment.path()), "");
  EXPECT_FALSE(std::filesystem::exists(segment.path()));
}

TEST_F(SpoolSegmentTest, LeavesNoFileWhenItCannotBeMadeFromAFreeOne) {
  SpoolSegment segment = create();
  ASSERT_TRUE(segment.give_up(folder_.path() / "free"));
  std::string error;
  EXPECT_FALSE(SpoolSegment::create_from(std::move(segment), folder_.path() / "missing", "id", 2, error));
  EXPECT_THAT(error, HasSubstr("missing"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

// As a power failure may leave it, which can undo a renaming and keep what was written afterwards.
TEST_F(SpoolSegmentTest, IsRefusedUnderAnotherName) {
  SpoolSegment segment = create(4);
  append(segment, "a");
  const auto path = folder_.path() / "00000000000000000001.seg";
  std::filesystem::rename(segment.path(), path);
  EXPECT_THAT(recover_error(path), HasSubstr("not the segment that its name says"));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(SpoolSegmentTest, IsNotMadeFromAnotherFile) {
  EXPECT_THAT(recover_error(folder_.path() / "missing.seg"), HasSubstr("missing.seg"));
  EXPECT_THAT(recover_error(file("WEIRSEG2")), HasSubstr("not a spool segment"));
  // A name of the stream that does not end.
  EXPECT_THAT(recover_error(file("WEIRSEG2" + std::string(120, 'x') + std::string(128, '\0'))), HasSubstr("not a spool segment"));
}

TEST_F(SpoolSegmentTest, LeavesNoFileWhenItCannotBeMade) {
  std::string error;
  EXPECT_FALSE(SpoolSegment::create(folder_.path(), std::string(104, 'x'), 1, kBytes, error));
  EXPECT_NE(error, "");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_FALSE(SpoolSegment::create(folder_.path() / "missing", "id", 1, kBytes, error));
  EXPECT_THAT(error, HasSubstr("missing"));
}

}  // namespace
}  // namespace weir::traffic
