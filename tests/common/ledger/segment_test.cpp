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
    header.first_sequence = kFirst;
    std::strcpy(header.stream_id.data(), "worker-0-abc");
  }

  // Gives where its frame begins.
  std::size_t append(const std::string& payload) {
    const std::size_t begin = end_;
    std::memcpy(bytes_.data() + begin + kRecordHeaderBytes, payload.data(), payload.size());
    seal_record(bytes_.data() + begin, kFirst + count_++, payload.size());
    end_ += framed_bytes(payload.size());
    return begin;
  }

  static constexpr std::uint64_t kFirst = 7;
  std::vector<std::byte> bytes_;
  std::uint64_t count_ = 0;
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
  EXPECT_EQ(count_events(bytes_, kFirst).count, 0u);
  append("one");
  append("two and a half");
  const SegmentEvents events = count_events(bytes_, kFirst);
  EXPECT_EQ(events.count, 2u);
  EXPECT_EQ(events.end_offset, end_);
}

TEST_F(Segment, IsFullToTheLastOctet) {
  while (end_ + framed_bytes(8) <= bytes_.size()) {
    append("eight...");
  }
  EXPECT_EQ(end_, bytes_.size());
  EXPECT_EQ(count_events(bytes_, kFirst).end_offset, bytes_.size());
}

TEST_F(Segment, DoesNotCountAnEventThatWasNeverFinished) {
  append("one");
  std::memset(bytes_.data() + end_ + sizeof(std::uint32_t), 'x', 500);  // all but the length
  EXPECT_EQ(count_events(bytes_, kFirst).count, 1u);
}

TEST_F(Segment, DoesNotCountWhatHasAChangedOctet) {
  append("one");
  const std::size_t second = append("two");
  append("three");
  for (std::size_t place = 0; place < kRecordHeaderBytes + 3; ++place) {
    bytes_[second + place] ^= std::byte{0x10};
    EXPECT_EQ(count_events(bytes_, kFirst).count, 1u) << place;
    bytes_[second + place] ^= std::byte{0x10};
  }
  std::memset(bytes_.data() + second, 0, framed_bytes(3));
  EXPECT_EQ(count_events(bytes_, kFirst).count, 1u);
}

TEST_F(Segment, DoesNotCountEventsOfOtherNumbers) {
  append("one");
  append("two");
  for (const std::uint64_t first : {kFirst - 1, kFirst + 1, kFirst + (std::uint64_t{1} << 32), kFirst << 32, std::uint64_t{0}}) {
    EXPECT_EQ(count_events(bytes_, first).count, 0u) << first;
  }
}

TEST_F(Segment, IsVacantBeforeItHasAMagicAndWhenItIsFree) {
  EXPECT_FALSE(is_vacant(bytes_));
  EXPECT_TRUE(is_still(*segment_header(bytes_), kFirst));
  EXPECT_FALSE(is_still(*segment_header(bytes_), kFirst + 1));
  append("one");
  std::memcpy(bytes_.data(), kFreeMagic.data(), kFreeMagic.size());
  EXPECT_TRUE(is_vacant(bytes_));
  EXPECT_FALSE(is_still(*reinterpret_cast<const SegmentHeader*>(bytes_.data()), kFirst));
  std::memset(bytes_.data(), 0, kFreeMagic.size());
  EXPECT_FALSE(is_vacant(bytes_)) << "there is an event";
  std::memset(bytes_.data() + sizeof(SegmentHeader), 0, end_);
  EXPECT_TRUE(is_vacant(bytes_));
  EXPECT_TRUE(is_vacant(std::span(bytes_).first(4)));
  EXPECT_TRUE(is_vacant({}));
}

}  // namespace
}  // namespace weir::ledger
