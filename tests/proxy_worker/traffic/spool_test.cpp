#include "proxy_worker/traffic/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <string>

#include "tests/proxy_worker/traffic/spool_fixture.h"

namespace weir::traffic {
namespace {

using testing::HasSubstr;

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
