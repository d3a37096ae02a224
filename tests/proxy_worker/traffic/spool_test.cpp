#include "proxy_worker/traffic/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/ledger/record_frame.h"
#include "tests/support/temporary_folder.h"

namespace weir::traffic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SpoolLimits kLimits{.segment_bytes = 4096, .total_bytes = 1 << 20};
constexpr std::size_t kPayloadBytes = 1000;  // three of them fit into a segment
constexpr std::uint64_t kPerSegment = 3;

// Events as they were taken: their numbers, and the beginning of what each holds.
using Events = std::map<std::uint64_t, std::string>;

bool append(Spool& spool, std::string_view payload) {
  std::byte* room = spool.begin_append(payload.size());
  if (room == nullptr) {
    return false;
  }
  std::memcpy(room, payload.data(), payload.size());
  spool.finish_append(payload.size());
  return true;
}

// "3xxx...": so that a payload shows which event it is.
std::string payload_of(std::uint64_t sequence, std::size_t bytes = kPayloadBytes) {
  std::string payload = std::to_string(sequence);
  payload.resize(std::max(bytes, payload.size()), 'x');
  return payload;
}

void append_numbered(Spool& spool, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
    ASSERT_TRUE(append(spool, payload_of(sequence)));
  }
}

std::vector<std::string> payloads(std::span<const std::byte> frames, std::uint64_t first_sequence) {
  std::vector<std::string> out;
  while (const auto payload = ledger::read_record(frames, first_sequence + out.size())) {
    out.emplace_back(reinterpret_cast<const char*>(payload->data()), payload->size());
    frames = frames.subspan(ledger::framed_bytes(payload->size()));
  }
  EXPECT_TRUE(frames.empty());
  return out;
}

Events events_in(const Spool::Range& range) {
  Events events;
  for (const std::string& payload : payloads(range.bytes, range.first_sequence)) {
    events[range.first_sequence + events.size()] = payload.substr(0, payload.find('x'));
  }
  EXPECT_EQ(events.size(), range.count);
  return events;
}

Events take_all(Spool& spool) {
  Events all;
  while (true) {
    const Spool::Range range = spool.take(2000);
    if (range.count == 0) {
      return all;
    }
    all.merge(events_in(range));
  }
}

Events numbered(std::uint64_t first, std::uint64_t last) {
  Events events;
  for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
    events[sequence] = std::to_string(sequence);
  }
  return events;
}

class SpoolTest : public testing::Test {
 protected:
  Spool open(SpoolLimits limits = kLimits) {
    std::string error;
    auto spool = Spool::open(folder(), "worker-0", limits, error);
    EXPECT_TRUE(spool) << error;
    return std::move(*spool);
  }
  std::filesystem::path folder() const { return parent_.path() / "spool" / "worker-0"; }
  std::vector<std::filesystem::path> files(const std::string& extension) const {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      if (entry.path().extension() == extension) {
        paths.push_back(entry.path());
      }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  // Changes an octet of the payload of an event in a segment; both are counted from 0.
  void damage(std::size_t segment, std::size_t event) {
    const std::size_t place = SpoolSegment::first_offset() + event * ledger::framed_bytes(kPayloadBytes) + ledger::kRecordHeaderBytes + 5;
    std::fstream file(files(".seg").at(segment), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(place)).put('!');
  }

  tests::TemporaryFolder parent_;
};

TEST_F(SpoolTest, GivesEventsInOrderWithTheirNumbers) {
  Spool spool = open();
  EXPECT_FALSE(spool.has_untaken());
  append_numbered(spool, 1, 10);
  EXPECT_EQ(spool.pending_events(), 10u);
  EXPECT_EQ(spool.untaken_bytes(), 10 * ledger::framed_bytes(kPayloadBytes));
  EXPECT_EQ(take_all(spool), numbered(1, 10));
  EXPECT_FALSE(spool.has_untaken());
  EXPECT_EQ(spool.untaken_bytes(), 0u);
  EXPECT_EQ(spool.pending_events(), 10u);
}

TEST_F(SpoolTest, GivesWhatIsAppendedAfterEverythingWasTaken) {
  Spool spool = open();
  for (std::uint64_t sequence = 1; sequence <= 3 * kPerSegment; ++sequence) {
    append_numbered(spool, sequence, sequence);
    EXPECT_EQ(take_all(spool), numbered(sequence, sequence));
  }
}

TEST_F(SpoolTest, GivesOneEventHoweverLittleIsAskedFor) {
  Spool spool = open();
  append_numbered(spool, 1, 2);
  EXPECT_EQ(events_in(spool.take(1)), numbered(1, 1));
  EXPECT_EQ(events_in(spool.take(1)), numbered(2, 2));
  EXPECT_EQ(spool.take(1).count, 0u);
}

TEST_F(SpoolTest, GivesAgainWhatWasPutBack) {
  Spool spool = open();
  append_numbered(spool, 1, 2 * kPerSegment);
  for (std::uint64_t sequence = 1; sequence <= 2 * kPerSegment; ++sequence) {
    const Spool::Range range = spool.take(1);
    spool.put_back(range);
    EXPECT_EQ(spool.taken(), sequence - 1);
    EXPECT_EQ(events_in(spool.take(1)), numbered(sequence, sequence));
  }
  EXPECT_EQ(spool.untaken_bytes(), 0u);
}

TEST_F(SpoolTest, GivesAgainWhatIsNotAcknowledged) {
  Spool spool = open();
  append_numbered(spool, 1, 10);
  (void)take_all(spool);
  spool.acknowledge(4);
  spool.rewind();
  EXPECT_EQ(spool.untaken_bytes(), 6 * ledger::framed_bytes(kPayloadBytes));
  EXPECT_EQ(take_all(spool), numbered(5, 10));
}

TEST_F(SpoolTest, RemovesSegmentsThatAreAcknowledged) {
  Spool spool = open();
  append_numbered(spool, 1, 10);
  EXPECT_EQ(files(".seg").size(), 4u);
  (void)take_all(spool);
  spool.acknowledge(kPerSegment - 1);
  EXPECT_EQ(files(".seg").size(), 4u);
  spool.acknowledge(kPerSegment);
  EXPECT_EQ(files(".seg").size(), 3u);
  EXPECT_EQ(spool.oldest_sequence(), kPerSegment + 1);
  spool.acknowledge(10);
  EXPECT_EQ(files(".seg").size(), 1u);
  EXPECT_TRUE(spool.is_all_acknowledged());
  EXPECT_EQ(spool.oldest_sequence(), 11u);
  append_numbered(spool, 11, 12);
  EXPECT_EQ(take_all(spool), numbered(11, 12));
}

ino_t identity_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_ino;
}

TEST_F(SpoolTest, UsesTheFileOfADeliveredSegmentAgain) {
  Spool spool = open();
  append_numbered(spool, 1, 2 * kPerSegment);
  const ino_t first = identity_of(files(".seg")[0]);
  spool.acknowledge(kPerSegment);
  EXPECT_EQ(files(".seg").size(), 1u);
  EXPECT_EQ(identity_of(folder() / "free"), first);
  append_numbered(spool, 2 * kPerSegment + 1, 2 * kPerSegment + 2);
  EXPECT_FALSE(std::filesystem::exists(folder() / "free"));
  EXPECT_EQ(identity_of(files(".seg")[1]), first);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, 2 * kPerSegment + 2));
}

TEST_F(SpoolTest, LeavesMemoryThatIsStillHeldAsItIs) {
  Spool spool = open();
  append_numbered(spool, 1, kPerSegment);
  const Spool::Range held = spool.take(1u << 20);
  ASSERT_EQ(held.count, kPerSegment);
  const std::string before(reinterpret_cast<const char*>(held.bytes.data()), held.bytes.size());
  append_numbered(spool, kPerSegment + 1, kPerSegment + 1);
  spool.acknowledge(kPerSegment);
  EXPECT_FALSE(std::filesystem::exists(folder() / "free")) << "a message that waits to be sent may hold it";
  append_numbered(spool, kPerSegment + 2, 3 * kPerSegment);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(held.bytes.data()), held.bytes.size()), before);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, 3 * kPerSegment));
}

TEST_F(SpoolTest, KeepsOneFreeFileWhateverIsDelivered) {
  Spool spool = open();
  append_numbered(spool, 1, 4 * kPerSegment);
  spool.acknowledge(4 * kPerSegment - 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder()), {}), 3) << "lock, segment, free";
  spool.remove_files();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder()), {}), 1);
}

TEST_F(SpoolTest, TakesUpNothingOfAFreeFile) {
  {
    Spool spool = open();
    append_numbered(spool, 1, kPerSegment + 1);
    spool.acknowledge(kPerSegment);
    ASSERT_TRUE(std::filesystem::exists(folder() / "free"));
  }
  Spool spool = open();
  EXPECT_FALSE(std::filesystem::exists(folder() / "free"));
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, kPerSegment + 1));
}

TEST_F(SpoolTest, CountsNoDamageToWhatTheCollectorHas) {
  {
    Spool spool = open();
    append_numbered(spool, 1, kPerSegment - 1);
    spool.acknowledge(kPerSegment - 2);
  }
  damage(0, 0);
  Spool spool = open();
  EXPECT_EQ(spool.lost_events(), 1u) << "the one behind the last acknowledged";
  EXPECT_EQ(spool.next_sequence(), kPerSegment);
}

TEST_F(SpoolTest, GoesOnBehindASegmentThatIsRemovedUnderItsCursor) {
  Spool spool = open();
  append_numbered(spool, 1, kPerSegment + 1);
  ASSERT_EQ(events_in(spool.take(4096)), numbered(1, kPerSegment));
  spool.acknowledge(kPerSegment);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, kPerSegment + 1));
}

TEST_F(SpoolTest, IgnoresAcknowledgementsOfThePastAndOfTheFuture) {
  Spool spool = open();
  append_numbered(spool, 1, 5);
  (void)take_all(spool);
  spool.acknowledge(2);
  spool.acknowledge(1);
  EXPECT_EQ(spool.acknowledged(), 2u);
  spool.acknowledge(6);
  spool.acknowledge(UINT64_MAX);
  EXPECT_EQ(spool.acknowledged(), 2u);
}

TEST_F(SpoolTest, GoesOnBehindAnEndThatWasLost) {
  {
    Spool spool = open();
    append_numbered(spool, 1, 5);
  }
  Spool spool = open();
  spool.acknowledge(UINT64_MAX);
  EXPECT_EQ(spool.next_sequence(), 6u);
  spool.acknowledge(40);
  EXPECT_EQ(spool.next_sequence(), 41u);
  EXPECT_EQ(spool.pending_events(), 0u);
  EXPECT_TRUE(spool.is_all_acknowledged());
  EXPECT_FALSE(spool.has_untold_loss());
  append_numbered(spool, 41, 42);
  EXPECT_EQ(take_all(spool), numbered(41, 42));
  spool.acknowledge(60);
  EXPECT_EQ(spool.next_sequence(), 43u) << "its own numbers are in use";
  EXPECT_EQ(spool.lost_events(), 0u);
}

TEST_F(SpoolTest, SkipsWhatTheCollectorHasAlready) {
  Spool spool = open();
  append_numbered(spool, 1, 5);
  spool.acknowledge(4);
  EXPECT_EQ(take_all(spool), numbered(5, 5));
}

TEST_F(SpoolTest, IsTakenUpAsItWasLeft) {
  std::string stream_id;
  {
    Spool spool = open();
    append_numbered(spool, 1, 10);
    (void)take_all(spool);
    spool.acknowledge(5);
    stream_id = spool.stream_id();
  }
  Spool spool = open();
  EXPECT_EQ(spool.stream_id(), stream_id);
  EXPECT_EQ(spool.acknowledged(), 5u);
  append_numbered(spool, 11, 11);
  EXPECT_EQ(take_all(spool), numbered(6, 11));
}

TEST_F(SpoolTest, IsTakenUpWhenEverythingWasAcknowledged) {
  {
    Spool spool = open();
    append_numbered(spool, 1, kPerSegment);
    (void)take_all(spool);
    spool.acknowledge(kPerSegment);
  }
  Spool spool = open();
  EXPECT_TRUE(spool.is_all_acknowledged());
  append_numbered(spool, kPerSegment + 1, kPerSegment + 1);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, kPerSegment + 1));
}

TEST_F(SpoolTest, SurvivesAKilledProcess) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::string error;
    auto spool = Spool::open(folder(), "worker-0", kLimits, error);
    for (std::uint64_t sequence = 1; spool && sequence <= 10; ++sequence) {
      append(*spool, payload_of(sequence));
    }
    std::memset(spool->begin_append(500), 'x', 500);  // in the middle of the 11th
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  Spool spool = open();
  append_numbered(spool, 11, 12);
  EXPECT_EQ(take_all(spool), numbered(1, 12));
}

TEST_F(SpoolTest, HasAStreamOfItsOwn) {
  std::string first;
  {
    first = open().stream_id();
  }
  EXPECT_THAT(first, testing::StartsWith("worker-0-"));
  std::filesystem::remove_all(folder());
  EXPECT_NE(open().stream_id(), first) << "an emptied folder is a new stream";
}

TEST_F(SpoolTest, EndsBeforeDamageInItsLastSegment) {
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

TEST_F(SpoolTest, KeepsTheNumbersBehindDamage) {
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

TEST_F(SpoolTest, GoesOnBehindADamagedSegmentThatIsRemovedUnderItsCursor) {
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
TEST_F(SpoolTest, NeverUsesAnAcknowledgedNumberAgain) {
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

TEST_F(SpoolTest, SetsAsideWhatIsNoSegmentOfIts) {
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

TEST_F(SpoolTest, DropsTheOldestAtItsLimitAndCountsThem) {
  Spool spool = open({.segment_bytes = 4096, .total_bytes = 3 * 4096});
  append_numbered(spool, 1, 3 * kPerSegment);
  EXPECT_EQ(spool.lost_events(), 0u);
  append_numbered(spool, 10, 10);
  EXPECT_EQ(spool.lost_events(), kPerSegment);
  EXPECT_EQ(spool.oldest_sequence(), kPerSegment + 1);
  EXPECT_EQ(files(".seg").size(), 3u);
  EXPECT_EQ(take_all(spool), numbered(kPerSegment + 1, 10));
}

TEST_F(SpoolTest, CountsNoAcknowledgedEventAsLost) {
  Spool spool = open({.segment_bytes = 4096, .total_bytes = 2 * 4096});
  append_numbered(spool, 1, 2 * kPerSegment);
  (void)take_all(spool);
  spool.acknowledge(2);
  append_numbered(spool, 7, 7);
  EXPECT_EQ(spool.lost_events(), 1u);
}

TEST_F(SpoolTest, DropsWhatWasTakenAndGoesOnWhereItWas) {
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

TEST_F(SpoolTest, LosesAnEventThatIsTooLargeAndNothingElse) {
  Spool spool = open({.segment_bytes = 4u << 20, .total_bytes = 4u << 20});
  ASSERT_TRUE(append(spool, std::string(ledger::kRecordPayloadBytesMax - 1, 'x')));
  ASSERT_TRUE(append(spool, std::string(ledger::kRecordPayloadBytesMax, 'x')));
  EXPECT_FALSE(append(spool, std::string(ledger::kRecordPayloadBytesMax + 1, 'x')));
  EXPECT_EQ(spool.lost_events(), 1u);
  EXPECT_EQ(spool.pending_events(), 2u);
}

TEST_F(SpoolTest, MakesNoRoomForAnEventThatIsTooLarge) {
  Spool spool = open({.segment_bytes = 4096, .total_bytes = 2 * 4096});
  append_numbered(spool, 1, 2 * kPerSegment);
  EXPECT_FALSE(append(spool, std::string(2048, 'x')));
  EXPECT_EQ(spool.lost_events(), 1u);
  EXPECT_EQ(take_all(spool), numbered(1, 2 * kPerSegment));
}

// A folder that is gone stands for a disk that is full: no segment can be made.
TEST_F(SpoolTest, LosesEventsWhileThereIsNoRoomOnDisk) {
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
TEST_F(SpoolTest, NeverUsesALostNumberAgain) {
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

TEST_F(SpoolTest, HasNotDeliveredEverythingBeforeALossIsTold) {
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
TEST_F(SpoolTest, TellsOfALossBeforeAnEmptySegment) {
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
TEST_F(SpoolTest, AcceptsRequestsAgainWhenThereIsRoomBehindALoss) {
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

TEST_F(SpoolTest, SaysWhyItCannotBeOpened) {
  std::ofstream(parent_.path() / "file") << "x";
  std::string error;
  EXPECT_FALSE(Spool::open(parent_.path() / "file" / "worker-0", "worker-0", kLimits, error));
  EXPECT_THAT(error, HasSubstr("cannot create"));
}

// Whatever is done to it in whatever order: each event is given under its own number until it is acknowledged or
// counted as lost.
TEST_F(SpoolTest, AgreesWithASimpleModelOverRandomOperations) {
  constexpr unsigned kSeeds = 30;
  for (unsigned seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto upto = [&](std::uint64_t max) { return std::uniform_int_distribution<std::uint64_t>(0, max)(random); };
    std::filesystem::remove_all(folder());
    const SpoolLimits limits{.segment_bytes = 4096, .total_bytes = (2 + upto(6)) * 4096};
    std::optional<Spool> spool(open(limits));
    std::map<std::uint64_t, std::string> kept;
    std::uint64_t next = 1;
    std::uint64_t taken = 0;
    std::uint64_t lost = 0;
    for (int step = 0; step < 600 && !HasFailure(); ++step) {
      switch (upto(9)) {
        case 0:
          spool->rewind();
          taken = spool->acknowledged();
          break;
        case 1:
          if (upto(4) == 0) {
            spool.reset();
            spool.emplace(open(limits));
            taken = spool->acknowledged();
            lost = 0;
          }
          break;
        case 2:
        case 3: {
          const std::uint64_t sequence = spool->acknowledged() + upto(taken - spool->acknowledged());
          spool->acknowledge(sequence);
          kept.erase(kept.begin(), kept.upper_bound(sequence));
          break;
        }
        case 4:
        case 5: {
          const Spool::Range range = spool->take(upto(6000));
          EXPECT_EQ(range.count == 0, taken + 1 == next);
          if (range.count > 0) {
            EXPECT_EQ(range.first_sequence, taken + 1);
          }
          if (upto(3) == 0) {
            spool->put_back(range);
            break;
          }
          for (const std::string& payload : payloads(range.bytes, range.first_sequence)) {
            EXPECT_EQ(payload, kept[++taken]);
          }
          break;
        }
        default: {
          const std::string payload = payload_of(next, 1 + upto(1500));
          ASSERT_TRUE(append(*spool, payload));
          kept[next++] = payload;
          const auto oldest = kept.lower_bound(spool->oldest_sequence());
          lost += static_cast<std::uint64_t>(std::distance(kept.begin(), oldest));
          kept.erase(kept.begin(), oldest);
          taken = std::max(taken, spool->acknowledged());
        }
      }
      EXPECT_EQ(spool->pending_events(), kept.size());
      EXPECT_EQ(spool->taken(), taken);
      EXPECT_EQ(spool->lost_events(), lost);
      std::uint64_t untaken_bytes = 0;
      for (auto event = kept.upper_bound(taken); event != kept.end(); ++event) {
        untaken_bytes += ledger::framed_bytes(event->second.size());
      }
      EXPECT_EQ(spool->untaken_bytes(), untaken_bytes);
      EXPECT_LE(files(".seg").size() * limits.segment_bytes, limits.total_bytes);
    }
  }
}

}  // namespace
}  // namespace weir::traffic
