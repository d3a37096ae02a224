#include "collector/batch.h"

#include <gtest/gtest.h>

#include "tests/collector/hand_made.h"

namespace weir::collector {
namespace {

using namespace testing;

bool is_read(const std::string& header, const std::string& events) {
  std::string error;
  const bool has_batch = read_batch(header, events, error).has_value();
  EXPECT_EQ(has_batch, error.empty()) << error;
  return has_batch;
}

TEST(Batch, GivesItsEvents) {
  const OwnedBatch owned = make_batch("worker-0-ab", 5, {served_event(), blocked_event()}, 3);
  EXPECT_EQ(owned.batch.stream_id, "worker-0-ab");
  EXPECT_EQ(owned.batch.last_sequence(), 6u);
  EXPECT_EQ(owned.batch.oldest_sequence, 3u);
  ASSERT_EQ(owned.batch.events.size(), 2u);
  EXPECT_EQ(owned.batch.events[0].size(), served_event().ByteSizeLong());
}

TEST(Batch, WithoutEventsIsAQuestion) {
  EXPECT_TRUE(is_read(header_frame("s", 0, 0), ""));
  EXPECT_FALSE(is_read(header_frame("s", 0, 0), framed(0, "x")));
}

TEST(Batch, IsRefusedWhenItsHeaderIsImpossible) {
  const std::string events = framed(1, "x");
  EXPECT_TRUE(is_read(header_frame("s", 1, 1), events));
  EXPECT_FALSE(is_read("\xFF\xFF", events));
  EXPECT_FALSE(is_read("", events));
  EXPECT_FALSE(is_read(header_frame("", 1, 1), events));
  EXPECT_FALSE(is_read(header_frame("two words", 1, 1), events));
  EXPECT_FALSE(is_read(header_frame(std::string(kStreamIdBytesMax + 1, 's'), 1, 1), events));
  EXPECT_FALSE(is_read(header_frame("s", 0, 1), events));
  EXPECT_FALSE(is_read(header_frame("s", UINT64_MAX, 1), events));
  EXPECT_FALSE(is_read(header_frame("s", 5, 1, 6), events));
  EXPECT_FALSE(is_read(header_frame("s", 1, 2), events));
  EXPECT_FALSE(is_read(header_frame("s", 1, UINT32_MAX), events));
}

TEST(Batch, IsRefusedWhenItsEventsAreNotThoseItClaims) {
  const std::string header = header_frame("s", 1, 2);
  EXPECT_TRUE(is_read(header, framed(1, "a") + framed(2, "b")));
  EXPECT_FALSE(is_read(header, framed(2, "a") + framed(1, "b")));
  EXPECT_FALSE(is_read(header, framed(1, "a") + framed(1, "a")));
  EXPECT_FALSE(is_read(header_frame("s", 2, 2), framed(1, "a") + framed(2, "b")));
}

TEST(Batch, IsRefusedWhenAnyOctetOfItsEventsIsChangedOrMissing) {
  const std::string header = header_frame("s", 1, 2);
  const std::string events = framed(1, "first event") + framed(2, "second");
  ASSERT_TRUE(is_read(header, events));
  for (std::size_t length = 0; length < events.size(); ++length) {
    EXPECT_FALSE(is_read(header, events.substr(0, length))) << length;
  }
  const auto is_padding = [](std::size_t at) { return (at >= 8 + 11 && at < 24) || at >= 24 + 8 + 6; };
  for (std::size_t at = 0; at < events.size(); ++at) {
    std::string changed = events;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    EXPECT_EQ(is_read(header, changed), is_padding(at)) << at;
  }
  EXPECT_FALSE(is_read(header, events + std::string(8, '\0')));
  EXPECT_FALSE(is_read(header, std::string(ledger::kBatchBytesMax + 1, '\0')));
}

TEST(Ack, CarriesPositionAndResend) {
  proto::Ack ack;
  ASSERT_TRUE(ack.ParseFromString(ack_frame({"route", "worker-1-cd", 77, true})));
  EXPECT_EQ(ack.stream_id(), "worker-1-cd");
  EXPECT_EQ(ack.last_sequence(), 77u);
  EXPECT_TRUE(ack.resend());
}

}  // namespace
}  // namespace weir::collector
