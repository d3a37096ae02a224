#include "common/ledger/segment.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace weir::ledger {
namespace {

class Segment : public ::testing::Test {
 protected:
  Segment() : bytes_(8192) {
    auto& header = *reinterpret_cast<SegmentHeader*>(bytes_.data());
    header.magic = kSegmentMagic;
    header.first_sequence = 7;
    std::strcpy(header.stream_id.data(), "worker-0-abc");
  }

  // Gives where its frame begins.
  std::size_t append(const std::string& payload) {
    const std::size_t begin = end_;
    std::memcpy(bytes_.data() + begin + kRecordHeaderBytes, payload.data(), payload.size());
    seal_record(bytes_.data() + begin, payload.size());
    end_ += framed_bytes(payload.size());
    return begin;
  }

  std::vector<std::byte> bytes_;
  std::size_t end_ = sizeof(SegmentHeader);
};

TEST_F(Segment, IsKnownByItsHeader) {
  ASSERT_NE(segment_header(bytes_), nullptr);
  EXPECT_EQ(segment_header(bytes_)->first_sequence, 7u);
  EXPECT_EQ(segment_header(std::span(bytes_).first(sizeof(SegmentHeader) - 1)), nullptr);
  constexpr std::size_t kLastOfName = offsetof(SegmentHeader, lost_behind) - 1;
  bytes_[kLastOfName] = std::byte{'x'};  // The name has no end.
  EXPECT_EQ(segment_header(bytes_), nullptr);
  bytes_[kLastOfName] = std::byte{0};
  bytes_[0] = std::byte{'w'};
  EXPECT_EQ(segment_header(bytes_), nullptr);
}

TEST_F(Segment, CountsItsEvents) {
  EXPECT_EQ(count_events(bytes_).count, 0u);
  append("one");
  append("two and a half");
  const SegmentEvents events = count_events(bytes_);
  EXPECT_EQ(events.count, 2u);
  EXPECT_EQ(events.end_offset, end_);
  append("three");
  EXPECT_EQ(count_events(bytes_, events.end_offset).count, 1u);
  EXPECT_FALSE(is_damaged_behind(bytes_, end_));
}

TEST_F(Segment, IsFullToTheLastOctet) {
  while (end_ + framed_bytes(8) <= bytes_.size()) {
    append("eight...");
  }
  EXPECT_EQ(end_, bytes_.size());
  EXPECT_EQ(count_events(bytes_).end_offset, bytes_.size());
  EXPECT_FALSE(is_damaged_behind(bytes_, bytes_.size()));
}

TEST_F(Segment, IsNotDamagedByAnEventThatWasNeverFinished) {
  append("one");
  std::memset(bytes_.data() + end_ + sizeof(std::uint32_t), 'x', 500);  // all but the length
  EXPECT_EQ(count_events(bytes_).count, 1u);
  EXPECT_FALSE(is_damaged_behind(bytes_, end_));
}

TEST_F(Segment, IsDamagedByAnyChangedOctetOfAnEvent) {
  append("one");
  const std::size_t second = append("two");
  append("three");
  for (std::size_t place = 0; place < kRecordHeaderBytes + 3; ++place) {
    bytes_[second + place] ^= std::byte{0x10};
    const SegmentEvents events = count_events(bytes_);
    EXPECT_EQ(events.count, 1u) << place;
    EXPECT_TRUE(is_damaged_behind(bytes_, events.end_offset)) << place;
    bytes_[second + place] ^= std::byte{0x10};
  }
}

TEST_F(Segment, IsDamagedByZerosBetweenEvents) {
  append("one");
  const std::size_t second = append("two");
  append("three");
  std::memset(bytes_.data() + second, 0, framed_bytes(3));
  const SegmentEvents events = count_events(bytes_);
  EXPECT_EQ(events.count, 1u);
  EXPECT_TRUE(is_damaged_behind(bytes_, events.end_offset));
}

}  // namespace
}  // namespace weir::ledger
