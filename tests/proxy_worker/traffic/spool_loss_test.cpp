// What a spool has lost, by damage or at its limits, is counted, and nothing else is lost with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/proxy_worker/traffic/spool_fixture.h"

namespace weir::traffic {
namespace {

class SpoolLossTest : public SpoolTest {};

TEST_F(SpoolLossTest, EndsBeforeDamageInItsLastSegment) {
  {
    Spool spool = open();
    append_numbered(spool, 1, kPerSegment + 3);
  }
  damage(1, 1);
  Spool spool = open();
  EXPECT_EQ(take_all(spool), numbered(1, kPerSegment + 1));
  EXPECT_EQ(spool.lost_events(), 2u);
  append_numbered(spool, kPerSegment + 4, kPerSegment + 4);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 4, kPerSegment + 4)) << "the collector may have the numbers between";
}

TEST_F(SpoolLossTest, KeepsTheNumbersBehindDamage) {
  {
    Spool spool = open();
    append_numbered(spool, 1, 3 * kPerSegment);
  }
  damage(0, 1);
  Events expected = numbered(1, 1);
  expected.merge(numbered(kPerSegment + 1, 3 * kPerSegment));
  Spool spool = open();
  EXPECT_EQ(take_all(spool), expected);
  spool.rewind();
  EXPECT_EQ(take_all(spool), expected);
  EXPECT_EQ(spool.oldest_sequence(), 1u);
  spool.acknowledge(1);
  EXPECT_EQ(spool.oldest_sequence(), kPerSegment + 1) << "the collector must not ask for what is gone";
  spool.rewind();
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, 3 * kPerSegment));
  spool.acknowledge(3 * kPerSegment);
  EXPECT_TRUE(spool.is_all_acknowledged());
}

TEST_F(SpoolLossTest, GoesOnBehindADamagedSegmentThatIsRemovedUnderItsCursor) {
  {
    Spool spool = open();
    append_numbered(spool, 1, kPerSegment + 1);
  }
  damage(0, 1);
  Spool spool = open();
  ASSERT_EQ(events_in(spool.take(1)), numbered(1, 1));
  spool.acknowledge(1);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, kPerSegment + 1));
}

// After a power failure the pages of a file are not all of one moment.
TEST_F(SpoolLossTest, NeverUsesAnAcknowledgedNumberAgain) {
  {
    Spool spool = open();
    append_numbered(spool, 1, 3);
    (void)take_all(spool);
    spool.acknowledge(3);
  }
  damage(0, 1);
  Spool spool = open();
  EXPECT_TRUE(spool.is_all_acknowledged());
  EXPECT_EQ(spool.pending_events(), 0u);
  append_numbered(spool, 4, 5);
  EXPECT_EQ(take_all(spool), numbered(4, 5));
}

TEST_F(SpoolLossTest, SetsAsideWhatIsNoSegmentOfIts) {
  {
    Spool spool = open();
    append_numbered(spool, 1, 2);
  }
  std::ofstream(folder() / "00000000000000000099.seg") << "garbage";
  Spool spool = open();
  EXPECT_EQ(take_all(spool), numbered(1, 2));
  ASSERT_EQ(files(".damaged").size(), 1u);
  EXPECT_EQ(files(".damaged")[0].filename(), "00000000000000000099.seg.damaged");
}

TEST_F(SpoolLossTest, DropsTheOldestAtItsLimitAndCountsThem) {
  Spool spool = open({.segment_bytes = 4096, .total_bytes = 3 * 4096});
  append_numbered(spool, 1, 3 * kPerSegment);
  EXPECT_EQ(spool.lost_events(), 0u);
  append_numbered(spool, 10, 10);
  EXPECT_EQ(spool.lost_events(), kPerSegment);
  EXPECT_EQ(spool.oldest_sequence(), kPerSegment + 1);
  EXPECT_EQ(files(".seg").size(), 3u);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, 10));
}

TEST_F(SpoolLossTest, CountsNoAcknowledgedEventAsLost) {
  Spool spool = open({.segment_bytes = 4096, .total_bytes = 2 * 4096});
  append_numbered(spool, 1, 2 * kPerSegment);
  (void)take_all(spool);
  spool.acknowledge(2);
  append_numbered(spool, 7, 7);
  EXPECT_EQ(spool.lost_events(), 1u);
}

TEST_F(SpoolLossTest, DropsWhatWasTakenAndGoesOnWhereItWas) {
  for (std::uint64_t taken = 0; taken <= 2 * kPerSegment; ++taken) {
    std::filesystem::remove_all(folder());
    Spool spool = open({.segment_bytes = 4096, .total_bytes = 2 * 4096});
    append_numbered(spool, 1, 2 * kPerSegment);
    for (std::uint64_t i = 0; i < taken; ++i) {
      ASSERT_EQ(spool.take(1).count, 1u);
    }
    append_numbered(spool, 2 * kPerSegment + 1, 2 * kPerSegment + 1);
    EXPECT_EQ(take_all(spool), numbered(std::max(taken, kPerSegment) + 1, 2 * kPerSegment + 1)) << taken << " taken";
  }
}

TEST_F(SpoolLossTest, LosesAnEventThatIsTooLargeAndNothingElse) {
  Spool spool = open({.segment_bytes = 4u << 20, .total_bytes = 4u << 20});
  ASSERT_TRUE(append(spool, std::string(ledger::kRecordPayloadBytesMax - 1, 'x')));
  ASSERT_TRUE(append(spool, std::string(ledger::kRecordPayloadBytesMax, 'x')));
  EXPECT_FALSE(append(spool, std::string(ledger::kRecordPayloadBytesMax + 1, 'x')));
  EXPECT_EQ(spool.lost_events(), 1u);
  EXPECT_EQ(spool.pending_events(), 2u);
}

TEST_F(SpoolLossTest, MakesNoRoomForAnEventThatIsTooLarge) {
  Spool spool = open({.segment_bytes = 4096, .total_bytes = 2 * 4096});
  append_numbered(spool, 1, 2 * kPerSegment);
  EXPECT_FALSE(append(spool, std::string(2048, 'x')));
  EXPECT_EQ(spool.lost_events(), 1u);
  EXPECT_EQ(take_all(spool), numbered(1, 2 * kPerSegment));
}

// A folder that is gone stands for a disk that is full: no segment can be made.
TEST_F(SpoolLossTest, LosesEventsWhileThereIsNoRoomOnDisk) {
  Spool spool = open();
  append_numbered(spool, 1, kPerSegment);
  std::filesystem::rename(folder(), folder().native() + "-away");
  EXPECT_FALSE(append(spool, payload_of(0)));
  EXPECT_FALSE(append(spool, payload_of(0)));
  EXPECT_EQ(spool.lost_events(), 2u);
  std::filesystem::rename(folder().native() + "-away", folder());
  ASSERT_TRUE(append(spool, payload_of(kPerSegment + 3)));
  auto expected = numbered(1, kPerSegment);
  expected.emplace(kPerSegment + 3, std::to_string(kPerSegment + 3));
  EXPECT_EQ(take_all(spool), expected) << "the lost ones have used up their numbers";
  spool.acknowledge(kPerSegment);
  EXPECT_EQ(spool.oldest_sequence(), kPerSegment + 3) << "and are not waited for";
  EXPECT_EQ(spool.pending_events(), 1u);
  spool.rewind();
  EXPECT_EQ(take_all(spool).size(), 1u);
}

// Were it given again, the collector would never hear of the loss, and what has the number would pass for recorded.
TEST_F(SpoolLossTest, NeverUsesALostNumberAgain) {
  {
    Spool spool = open();
    append_numbered(spool, 1, 2);
    EXPECT_FALSE(append(spool, std::string(3000, 'x')));
    EXPECT_FALSE(append(spool, std::string(3000, 'x')));
  }
  {
    Spool spool = open();
    EXPECT_EQ(spool.next_sequence(), 5u);
    EXPECT_TRUE(append(spool, payload_of(5)));
    EXPECT_FALSE(append(spool, std::string(3000, 'x')));
  }
  Spool spool = open();
  EXPECT_EQ(spool.next_sequence(), 7u);
  EXPECT_TRUE(append(spool, payload_of(7)));
  Events expected = numbered(1, 2);
  expected[5] = "5";
  expected[7] = "7";
  EXPECT_EQ(take_all(spool), expected);
}

TEST_F(SpoolLossTest, HasNotDeliveredEverythingBeforeALossIsTold) {
  Spool spool = open();
  append_numbered(spool, 1, 2);
  EXPECT_FALSE(append(spool, std::string(3000, 'x')));
  EXPECT_FALSE(spool.has_untold_loss()) << "an event that is still here can tell";
  EXPECT_EQ(spool.oldest_sequence(), 1u);
  spool.acknowledge(2);
  EXPECT_TRUE(spool.has_untold_loss());
  EXPECT_FALSE(spool.is_all_acknowledged());
  EXPECT_EQ(spool.pending_events(), 0u);
  EXPECT_EQ(spool.oldest_sequence(), 4u);
  spool.acknowledge(3);
  EXPECT_FALSE(spool.has_untold_loss());
  EXPECT_TRUE(spool.is_all_acknowledged());
}

// Killed when the segment behind the hole was made, and nothing was in it yet.
TEST_F(SpoolLossTest, TellsOfALossBeforeAnEmptySegment) {
  constexpr SpoolLimits kRefuse{.segment_bytes = 4096, .total_bytes = 1 << 20, .when_full = SpoolLimits::WhenFull::Refuse};
  {
    Spool spool = open(kRefuse);
    append_numbered(spool, 1, 2);
    EXPECT_FALSE(append(spool, std::string(3000, 'x')));
    EXPECT_TRUE(spool.has_room());
    EXPECT_EQ(files(".seg").size(), 2u);
  }
  Spool spool = open(kRefuse);
  EXPECT_EQ(take_all(spool), numbered(1, 2));
  spool.acknowledge(2);
  EXPECT_TRUE(spool.has_untold_loss());
  EXPECT_EQ(spool.oldest_sequence(), 4u);
  append_numbered(spool, 4, 4);
  EXPECT_FALSE(spool.has_untold_loss());
  EXPECT_EQ(take_all(spool), numbered(4, 4));
}

// With no request accepted there is no record that would find out.
TEST_F(SpoolLossTest, AcceptsRequestsAgainWhenThereIsRoomBehindALoss) {
  constexpr SpoolLimits kRefuse{.segment_bytes = 4096, .total_bytes = 4 * 4096, .when_full = SpoolLimits::WhenFull::Refuse};
  Spool spool = open(kRefuse);
  std::uint64_t appended = 0;
  while (append(spool, payload_of(appended + 1)) && appended < 100) {
    ++appended;
  }
  EXPECT_FALSE(spool.has_room());
  spool.acknowledge(appended);
  EXPECT_TRUE(spool.has_room());
  append_numbered(spool, appended + 2, appended + 2);
  EXPECT_EQ(take_all(spool), numbered(appended + 2, appended + 2));
}

}  // namespace
}  // namespace weir::traffic
