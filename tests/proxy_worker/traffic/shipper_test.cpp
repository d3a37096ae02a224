#include "proxy_worker/traffic/shipper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "common/ledger/record_frame.h"
#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/traffic/collector_end.h"
#include "tests/support/temporary_folder.h"

namespace weir::traffic {
namespace {

using tests::CollectorEnd;
using tests::ReceivedBatch;

class ShipperTest : public testing::Test {
 protected:
  ShipperTest() : spool_(open()) {}

  Spool open() {
    std::string error;
    auto spool = Spool::open(folder_.path() / "worker-0", "worker-0", {.segment_bytes = 1 << 20, .total_bytes = 64 << 20}, error);
    EXPECT_TRUE(spool) << error;
    return std::move(*spool);
  }
  void start_shipper() { shipper_.emplace(loop_, spool_, Wire{endpoint()}); }
  void start_collector() { collector_.emplace(endpoint()); }
  std::string endpoint() const { return "ipc://" + (folder_.path() / "collector.sock").native(); }

  // Each event's payload is its number, in as many octets as a short record has.
  static std::string payload_of(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    return std::string(200 - digits.size(), '0') + digits;
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string payload = payload_of(++appended_);
      std::byte* room = spool_.begin_append(payload.size());
      ASSERT_NE(room, nullptr);
      std::memcpy(room, payload.data(), payload.size());
      spool_.finish_append(payload.size());
      if (shipper_) {
        shipper_->on_appended();
      }
    }
  }

  std::optional<ReceivedBatch> next_batch(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::optional<ReceivedBatch> batch;
    (void)runner_.until([&] { return (batch = collector_->receive()).has_value(); }, patience);
    return batch;
  }

  // As the collector: takes what follows on what it has, drops repetitions, asks for what is missing.
  void record(const ReceivedBatch& batch) {
    bool is_missing = false;
    for (std::uint64_t i = 0; i < batch.payloads.size(); ++i) {
      const std::uint64_t sequence = batch.header.first_sequence() + i;
      EXPECT_EQ(batch.payloads[i], payload_of(sequence));
      is_missing = is_missing || sequence > recorded_ + 1;
      recorded_ = sequence == recorded_ + 1 ? sequence : recorded_;
    }
    collector_->acknowledge(batch, recorded_, is_missing);
  }
  bool run_until_recorded(std::uint64_t sequence, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    return runner_.until(
        [&] {
          while (const auto batch = collector_->receive()) {
            record(*batch);
          }
          return recorded_ >= sequence && spool_.acknowledged() >= sequence;
        },
        patience);
  }

  tests::TemporaryFolder folder_;
  net::EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  Spool spool_;
  std::optional<Shipper> shipper_;
  std::optional<CollectorEnd> collector_;
  std::uint64_t appended_ = 0;
  std::uint64_t recorded_ = 0;
};

TEST_F(ShipperTest, DeliversWhatIsAppended) {
  start_collector();
  start_shipper();
  append(1000);
  EXPECT_TRUE(run_until_recorded(1000));
  EXPECT_TRUE(spool_.is_all_acknowledged());
}

TEST_F(ShipperTest, SaysHowManyEventsAreLostWithinTheStream) {
  start_collector();
  append(2);
  EXPECT_EQ(spool_.begin_append(ledger::kRecordPayloadBytesMax + 1), nullptr) << "too large: its number is used up";
  ++appended_;
  append(2);
  start_shipper();
  auto batch = next_batch();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->header.first_sequence(), 1u);
  EXPECT_EQ(batch->header.lost_before(), 0u);
  batch = next_batch();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->header.first_sequence(), 4u);
  EXPECT_EQ(batch->header.lost_before(), 1u);
}

TEST_F(ShipperTest, SendsWhatIsOnTheDiskWhenItIsThere) {
  start_collector();
  SpoolSync sync(loop_, spool_);
  append(1000);
  EXPECT_EQ(sync.synced_sequence(), 0u);
  shipper_.emplace(loop_, spool_, Wire{endpoint()}, &sync);
  EXPECT_TRUE(run_until_recorded(1000));
  EXPECT_EQ(sync.synced_sequence(), 1000u);
  append(1);
  EXPECT_TRUE(run_until_recorded(1001));
}

TEST_F(ShipperTest, SaysWhoseEventsTheyAreAndWhichIsTheOldest) {
  start_collector();
  start_shipper();
  append(3);
  auto batch = next_batch();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->header.stream_id(), spool_.stream_id());
  EXPECT_EQ(batch->header.first_sequence(), 1u);
  EXPECT_EQ(batch->header.event_count(), 3u);
  EXPECT_EQ(batch->header.oldest_sequence(), 1u);
  collector_->acknowledge(*batch, 2);
  ASSERT_TRUE(runner_.until([&] { return spool_.acknowledged() == 2; }));
  append(1);
  batch = next_batch();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->header.first_sequence(), 4u);
  EXPECT_EQ(batch->header.oldest_sequence(), 3u);
}

TEST_F(ShipperTest, GathersEventsIntoBatches) {
  start_collector();
  start_shipper();
  append(100);
  const auto batch = next_batch();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->payloads.size(), 100u);
}

TEST_F(ShipperTest, SendsWhatAnEarlierProcessLeft) {
  append(10);
  start_collector();
  start_shipper();
  EXPECT_TRUE(run_until_recorded(10));
}

TEST_F(ShipperTest, KeepsEventsUntilThereIsACollector) {
  start_shipper();
  append(500);
  runner_.run_for(std::chrono::milliseconds(250));
  EXPECT_EQ(spool_.pending_events(), 500u);
  start_collector();
  EXPECT_TRUE(run_until_recorded(500));
}

// A collector that is stopped takes what is sent to it, and says nothing.
TEST_F(ShipperTest, SendsAgainWhatIsNotAcknowledged) {
  start_collector();
  start_shipper();
  append(10);
  const auto first = next_batch();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->header.first_sequence(), 1u);
  append(5);
  ASSERT_TRUE(next_batch());
  const auto again = next_batch();
  ASSERT_TRUE(again) << "nothing was sent again";
  EXPECT_EQ(again->header.first_sequence(), 1u);
  EXPECT_EQ(again->payloads.size(), 15u);
  record(*again);
  EXPECT_TRUE(run_until_recorded(15));
}

TEST_F(ShipperTest, WaitsLongerEachTimeForACollectorThatSaysNothing) {
  start_collector();
  start_shipper();
  append(1);
  ASSERT_TRUE(next_batch());
  ASSERT_TRUE(next_batch(std::chrono::seconds(5))) << "after two seconds";
  EXPECT_FALSE(next_batch(std::chrono::seconds(3))) << "four seconds are not over";
  EXPECT_TRUE(next_batch()) << "after four seconds";
}

TEST_F(ShipperTest, DeliversEverythingToACollectorThatComesAndGoes) {
  start_shipper();
  for (int round = 0; round < 4; ++round) {
    start_collector();
    append(200);
    ASSERT_TRUE(run_until_recorded(appended_ - 100)) << "round " << round;
    append(200);
    (void)next_batch();  // taken by a collector that ends before it has recorded it
    collector_.reset();
    append(200);
    runner_.run_for(std::chrono::milliseconds(50));
  }
  start_collector();
  EXPECT_TRUE(run_until_recorded(appended_));
  EXPECT_TRUE(spool_.is_all_acknowledged());
}

TEST_F(ShipperTest, SendsAgainWhatTheCollectorAsksFor) {
  start_collector();
  start_shipper();
  append(10);
  const auto batch = next_batch();
  ASSERT_TRUE(batch);
  collector_->acknowledge(*batch, 4, true);
  const auto again = next_batch(std::chrono::seconds(1));
  ASSERT_TRUE(again) << "the request was not heeded at once";
  EXPECT_EQ(again->header.first_sequence(), 5u);
  EXPECT_EQ(again->payloads.size(), 6u);
}

TEST_F(ShipperTest, IgnoresAcknowledgementsThatMakeNoSense) {
  start_collector();
  start_shipper();
  append(10);
  auto batch = next_batch();
  ASSERT_TRUE(batch);
  collector_->send(batch->sender, "\xff\xff\xff");
  collector_->send(batch->sender, "");
  collector_->acknowledge(*batch, 11);
  ReceivedBatch other = *batch;
  other.header.set_stream_id("worker-9-other");
  collector_->acknowledge(other, 10);
  collector_->acknowledge(*batch, 1);
  ASSERT_TRUE(runner_.until([&] { return spool_.acknowledged() > 0; }));
  EXPECT_EQ(spool_.acknowledged(), 1u);
}

TEST_F(ShipperTest, HasABoundedNumberOfEventsUnderWay) {
  start_collector();
  start_shipper();
  append(60'000);
  std::uint64_t last = 0;
  while (const auto batch = next_batch(std::chrono::seconds(1))) {
    last = std::max(last, batch->header.first_sequence() + batch->header.event_count() - 1);
  }
  EXPECT_GE(last, 20'000u);
  EXPECT_LT(last, 40'000u) << "the window, and the batch that passes its end";
}

TEST_F(ShipperTest, CatchesUpWithALongQueue) {
  append(60'000);
  start_shipper();
  start_collector();
  EXPECT_TRUE(run_until_recorded(60'000));
}

}  // namespace
}  // namespace weir::traffic
