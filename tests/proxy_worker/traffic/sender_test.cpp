#include "proxy_worker/traffic/sender.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace weir::traffic {
namespace {

using namespace std::chrono_literals;

class FakeWire : public Sender::Wire {
 public:
  bool send(const proto::Batch& header, const Spool::Range&) override {
    if (is_open) {
      sent.push_back(header);
    } else {
      ++refused;
    }
    return is_open;
  }
  bool receive(proto::Ack& ack) override {
    if (acks.empty()) {
      return false;
    }
    ack = acks.front();
    acks.pop_front();
    return true;
  }
  void connect_anew() override { ++connections; }

  bool is_open = true;
  int connections = 1;
  int refused = 0;
  std::vector<proto::Batch> sent;
  std::deque<proto::Ack> acks;
};

class SenderTest : public testing::Test {
 protected:
  SenderTest() : spool_(open()), sender_(spool_, wire_, nullptr, now_) {}

  Spool open() {
    std::string error;
    auto spool = Spool::open(folder_.path() / "worker-0", "worker-0", {.segment_bytes = 1 << 20, .total_bytes = 64 << 20}, error);
    EXPECT_TRUE(spool) << error;
    return std::move(*spool);
  }
  void append(int count, std::size_t bytes = 8) {
    for (int i = 0; i < count; ++i) {
      std::byte* room = spool_.begin_append(bytes);
      ASSERT_NE(room, nullptr);
      std::memset(room, 'x', bytes);
      spool_.finish_append(bytes);
      sender_.on_appended(now_);
    }
  }
  // Lets that time pass, with every call that is asked for on the way.
  void pass(std::chrono::milliseconds time) {
    const auto end = now_ + time;
    for (auto at = sender_.wake_at(); at && *at <= end; at = sender_.wake_at()) {
      now_ = std::max(now_, *at);
      sender_.on_time(now_);
    }
    now_ = end;
  }
  void acknowledge(std::uint64_t sequence, bool resend = false) {
    proto::Ack ack;
    ack.set_stream_id(spool_.stream_id());
    ack.set_last_sequence(sequence);
    ack.set_resend(resend);
    wire_.acks.push_back(ack);
    sender_.take_acknowledgements(now_);
  }

  tests::TemporaryFolder folder_;
  Sender::TimePoint now_{1h};
  FakeWire wire_;
  Spool spool_;
  Sender sender_;
};

TEST_F(SenderTest, WantsNothingWhileThereIsNothingToSend) {
  EXPECT_FALSE(sender_.wake_at());
  append(1);
  EXPECT_EQ(sender_.wake_at(), now_ + 50ms);
  pass(50ms);
  acknowledge(1);
  EXPECT_FALSE(sender_.wake_at());
}

TEST_F(SenderTest, AsksWhereTheStreamStandsUntilItIsTold) {
  wire_.is_open = false;
  sender_.ask(now_);
  pass(1s);
  EXPECT_TRUE(wire_.sent.empty());
  wire_.is_open = true;
  pass(200ms);
  ASSERT_FALSE(wire_.sent.empty());
  EXPECT_EQ(wire_.sent[0].event_count(), 0u);
  EXPECT_EQ(wire_.sent[0].stream_id(), spool_.stream_id());
  EXPECT_TRUE(sender_.is_asking());
  pass(3s);
  EXPECT_GE(wire_.sent.size(), 2u) << "again, as nobody has answered";
  acknowledge(0);
  EXPECT_FALSE(sender_.is_asking());
  pass(1min);
  EXPECT_FALSE(sender_.wake_at());
}

TEST_F(SenderTest, SendsInOneBatchWhatComesWithinFiftyMilliseconds) {
  append(2);
  pass(49ms);
  EXPECT_TRUE(wire_.sent.empty());
  append(1);
  pass(1ms);
  ASSERT_EQ(wire_.sent.size(), 1u);
  EXPECT_EQ(wire_.sent[0].stream_id(), spool_.stream_id());
  EXPECT_EQ(wire_.sent[0].first_sequence(), 1u);
  EXPECT_EQ(wire_.sent[0].event_count(), 3u);
  EXPECT_EQ(wire_.sent[0].oldest_sequence(), 1u);
}

TEST_F(SenderTest, DoesNotWaitWhenABatchIsFull) {
  append(22, 100'000);
  ASSERT_FALSE(wire_.sent.empty());
  EXPECT_EQ(wire_.sent[0].first_sequence(), 1u);
}

// To look for a batch in the spool takes as long as thousands of events: an outage must cost traffic nothing.
TEST_F(SenderTest, DoesNotTryWithEachEventWhileNobodyTakesAFullBatch) {
  wire_.is_open = false;
  append(40, 100'000);
  EXPECT_EQ(wire_.refused, 1);
  pass(1s);
  EXPECT_LE(wire_.refused, 11);
  wire_.is_open = true;
  pass(100ms);
  ASSERT_FALSE(wire_.sent.empty());
  EXPECT_EQ(wire_.sent[0].first_sequence(), 1u);
  const std::size_t batches = wire_.sent.size();
  append(22, 100'000);
  EXPECT_GT(wire_.sent.size(), batches) << "full batches go out at once again";
}

TEST_F(SenderTest, TriesAgainSoonWhenNobodyTakesIt) {
  wire_.is_open = false;
  append(1);
  pass(50ms);
  EXPECT_EQ(sender_.wake_at(), now_ + 100ms);
  wire_.is_open = true;
  pass(99ms);
  EXPECT_TRUE(wire_.sent.empty());
  pass(1ms);
  ASSERT_EQ(wire_.sent.size(), 1u);
  EXPECT_EQ(wire_.sent[0].first_sequence(), 1u);
}

TEST_F(SenderTest, StopsAtTheWindowUntilThereIsAnAcknowledgement) {
  append(50'000, 200);
  pass(100ms);
  const auto last = [&] { return wire_.sent.back().first_sequence() + wire_.sent.back().event_count() - 1; };
  const std::uint64_t window = last();
  EXPECT_GE(window, 20'000u);
  EXPECT_LT(window, 50'000u);
  const std::size_t batches = wire_.sent.size();
  pass(500ms);
  EXPECT_EQ(wire_.sent.size(), batches);
  acknowledge(window);
  pass(50ms);
  EXPECT_GT(last(), window);
}

TEST_F(SenderTest, GoesOnAtOnceWhenAnAcknowledgementOpensTheWindowForFullBatches) {
  append(100'000, 100);
  pass(100ms);
  const std::size_t batches = wire_.sent.size();
  acknowledge(10'000);
  pass(0ms);
  EXPECT_GT(wire_.sent.size(), batches);
}

TEST_F(SenderTest, SendsEverythingAgainOverANewConnectionWhenNothingIsAcknowledged) {
  append(3);
  pass(50ms);
  pass(1'999ms);
  EXPECT_EQ(wire_.connections, 1);
  pass(1ms);
  EXPECT_EQ(wire_.connections, 2);
  pass(100ms);
  ASSERT_EQ(wire_.sent.size(), 2u);
  EXPECT_EQ(wire_.sent[1].first_sequence(), 1u);
  pass(3'999ms);
  EXPECT_EQ(wire_.connections, 2) << "it waits twice as long";
  pass(1ms);
  EXPECT_EQ(wire_.connections, 3);
  pass(10min);
  EXPECT_GT(wire_.connections, 20) << "but never longer than 30 s";
}

TEST_F(SenderTest, IsPatientAgainAfterAnAcknowledgement) {
  append(2);
  pass(5s);
  const int connections = wire_.connections;
  acknowledge(1);
  EXPECT_EQ(sender_.wake_at(), now_ + 2s);
  pass(2s);
  EXPECT_EQ(wire_.connections, connections + 1);
}

TEST_F(SenderTest, SendsAgainWhatIsAskedFor) {
  append(5);
  pass(50ms);
  acknowledge(2, true);
  pass(50ms);
  ASSERT_EQ(wire_.sent.size(), 2u);
  EXPECT_EQ(wire_.sent[1].first_sequence(), 3u);
  EXPECT_EQ(wire_.sent[1].event_count(), 3u);
  EXPECT_EQ(wire_.sent[1].oldest_sequence(), 3u);
  EXPECT_EQ(wire_.connections, 1);
}

TEST_F(SenderTest, IgnoresAcknowledgementsOfOtherStreams) {
  append(2);
  pass(50ms);
  proto::Ack ack;
  ack.set_stream_id("worker-1-other");
  ack.set_last_sequence(2);
  wire_.acks.push_back(ack);
  sender_.take_acknowledgements(now_);
  EXPECT_EQ(spool_.acknowledged(), 0u);
}

TEST_F(SenderTest, SendsWhatAnEarlierProcessLeft) {
  append(4);
  FakeWire wire;
  Sender next(spool_, wire, nullptr, now_);
  ASSERT_TRUE(next.wake_at());
  next.on_time(*next.wake_at());
  ASSERT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(wire.sent[0].event_count(), 4u);
}

// No event follows whose batch could say so.
TEST_F(SenderTest, TellsThatTheLastEventsAreLost) {
  append(2);
  pass(50ms);
  EXPECT_EQ(spool_.begin_append(2 << 20), nullptr);
  sender_.on_appended(now_);
  pass(50ms);
  EXPECT_EQ(wire_.sent.size(), 1u) << "not before the others are recorded";
  acknowledge(2);
  pass(50ms);
  ASSERT_EQ(wire_.sent.size(), 2u);
  EXPECT_EQ(wire_.sent[1].stream_id(), spool_.stream_id());
  EXPECT_EQ(wire_.sent[1].event_count(), 0u);
  EXPECT_EQ(wire_.sent[1].oldest_sequence(), 4u);
  pass(2s);
  EXPECT_EQ(wire_.connections, 2) << "and again, when there is no answer";
  pass(100ms);
  EXPECT_EQ(wire_.sent.size(), 3u);
  acknowledge(3);
  EXPECT_TRUE(spool_.is_all_acknowledged());
  EXPECT_FALSE(sender_.wake_at());
}

class FakeDisk : public Sender::Disk {
 public:
  void request() override { ++requests; }
  std::uint64_t synced_sequence() const override { return synced; }

  int requests = 0;
  std::uint64_t synced = 0;
};

TEST_F(SenderTest, SendsOnlyWhatIsOnTheDisk) {
  FakeDisk disk;
  FakeWire wire;
  Sender sender(spool_, wire, &disk, now_);
  append(5);
  sender.on_appended(now_);
  EXPECT_EQ(sender.wake_at(), now_ + 20ms) << "sooner than without a disk to wait for";
  sender.ship(now_);
  EXPECT_EQ(disk.requests, 1);
  EXPECT_TRUE(wire.sent.empty());
  disk.synced = 3;
  sender.on_synced(now_);
  ASSERT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(wire.sent[0].first_sequence(), 1u);
  EXPECT_EQ(wire.sent[0].event_count(), 3u);
  disk.synced = 5;
  sender.on_synced(now_);
  ASSERT_EQ(wire.sent.size(), 2u);
  EXPECT_EQ(wire.sent[1].event_count(), 2u);
  EXPECT_EQ(disk.requests, 1);
}

}  // namespace
}  // namespace weir::traffic
