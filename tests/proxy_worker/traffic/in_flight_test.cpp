// The in-flight table and what becomes of it when its process is killed. A kill is a table, a spool and a log that are
// dropped as they stand: the files keep what was stored.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/ledger/record_frame.h"
#include "proxy_worker/traffic/in_flight_table.h"
#include "proxy_worker/traffic/shipper.h"
#include "proxy_worker/traffic/traffic_log.h"
#include "proxy_worker/traffic/unfinished_record.h"
#include "tests/support/temporary_folder.h"
#include "traffic_event.pb.h"

namespace weir::traffic {
namespace {

proto::TrafficEvent event_of(std::uint32_t number) {
  proto::TrafficEvent event;
  event.set_host("a.example");
  event.set_path("/" + std::to_string(number));
  event.set_user_agent("Ua/1");
  event.set_connection_id(7);
  event.set_request_number(number);
  event.set_worker_id(3);
  event.set_started_at_us(1000);
  return event;
}

// One worker process after the other, on the same files.
class InFlightTest : public testing::Test {
 protected:
  struct Process {
    explicit Process(const std::filesystem::path& folder) : spool(open(folder)), in_flight(folder), shipper(loop, spool, {endpoint(folder)}) {}
    static Spool open(const std::filesystem::path& folder) {
      std::string error;
      auto spool = Spool::open(folder, "worker-3", {.segment_bytes = 1 << 16, .total_bytes = 1 << 20}, error);
      EXPECT_TRUE(spool) << error;
      return std::move(*spool);
    }
    static std::string endpoint(const std::filesystem::path& folder) { return "ipc://" + (folder / "nobody").string(); }

    net::EventLoop loop;
    Spool spool;
    InFlightTable in_flight;
    Shipper shipper;
    live::WorkerCounters counters{};
    TrafficLog log{counters, {.spool = &spool, .shipper = &shipper, .in_flight = &in_flight}};
  };

  void start() { process_ = std::make_unique<Process>(folder_.path()); }
  void kill() { process_.reset(); }
  Process& process() { return *process_; }
  TrafficLog& log() { return process_->log; }
  InFlightSlot* begin(std::uint32_t number) { return log().begin(event_of(number)); }
  void end(std::uint32_t number, InFlightSlot* slot) {
    proto::TrafficEvent event = event_of(number);
    event.set_outcome(proto::SERVED);
    event.set_bytes_sent(1000);
    log().record(event, slot);
  }
  // Every event of the spool, in order.
  std::vector<proto::TrafficEvent> events() {
    std::vector<proto::TrafficEvent> events;
    process_->spool.rewind();
    for (auto range = process_->spool.take(1 << 20); range.count > 0; range = process_->spool.take(1 << 20)) {
      auto bytes = range.bytes;
      std::uint64_t sequence = range.first_sequence;
      while (const auto payload = bytes.empty() ? std::nullopt : ledger::read_record(bytes, sequence++)) {
        events.emplace_back();
        EXPECT_TRUE(events.back().ParseFromArray(payload->data(), static_cast<int>(payload->size())));
        bytes = bytes.subspan(ledger::framed_bytes(payload->size()));
      }
    }
    return events;
  }

  tests::TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
};

TEST_F(InFlightTest, LeavesNothingOfRequestsThatHaveEnded) {
  start();
  InFlightSlot* first = begin(1);
  ASSERT_NE(first, nullptr);
  end(1, first);
  EXPECT_EQ(begin(2), first) << "the warmest slot is used again";
  end(2, first);
  kill();
  start();
  EXPECT_EQ(log().record_interrupted(), 0u);
  EXPECT_EQ(events().size(), 2u);
}

TEST_F(InFlightTest, RecordsWhatAKilledProcessWasServing) {
  start();
  end(1, begin(1));
  InFlightSlot* slot = begin(2);
  proto::TrafficEvent event = event_of(2);
  event.set_status(200);
  event.set_ttfb_us(30);
  TrafficLog::note(*slot, 50, event, {.sent = 400, .received = 60});
  begin(3);
  kill();
  start();
  EXPECT_EQ(log().record_interrupted(), 2u);
  EXPECT_EQ(log().record_interrupted(), 0u) << "each only once";
  std::vector<proto::TrafficEvent> seen = events();
  ASSERT_EQ(seen.size(), 3u);
  const auto served = std::find_if(seen.begin(), seen.end(), [](const auto& e) { return e.request_number() == 2; });
  EXPECT_EQ(served->outcome(), proto::INTERRUPTED);
  EXPECT_EQ(served->fault(), proto::PROXY);
  EXPECT_EQ(served->reason(), "worker_died");
  EXPECT_EQ(served->status(), 200u);
  EXPECT_EQ(served->ttfb_us(), 30u);
  EXPECT_EQ(served->duration_us(), 50u);
  EXPECT_EQ(served->bytes_sent(), 400u);
  EXPECT_EQ(served->bytes_received(), 60u);
  EXPECT_EQ(served->path(), "/2");
  EXPECT_EQ(served->user_agent(), "Ua/1");
  const auto unanswered = std::find_if(seen.begin(), seen.end(), [](const auto& e) { return e.request_number() == 3; });
  EXPECT_EQ(unanswered->outcome(), proto::INTERRUPTED);
  EXPECT_FALSE(unanswered->has_ttfb_us());
}

// Between the append and the slot's release: the stream says that the record is there.
TEST_F(InFlightTest, DoesNotRecordTwiceWhatWasRecordedAMomentBeforeTheKill) {
  start();
  InFlightSlot* slot = begin(1);
  slot->recorded_as = process().spool.next_sequence();
  proto::TrafficEvent event = event_of(1);
  log().record(event, nullptr);  // as record() does it, but for the last step
  begin(2);
  kill();
  start();
  EXPECT_EQ(log().record_interrupted(), 1u);
  const auto seen = events();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].request_number(), 2u);
}

// Between the slot's note and the append: the number that was meant for it must not go to another.
TEST_F(InFlightTest, RecordsWhatWasAboutToBeRecorded) {
  for (const int killed_again_after : {0, 1, 2, 3}) {
    start();
    std::vector<InFlightSlot*> slots{begin(1), begin(2), begin(3)};
    slots[1]->recorded_as = process().spool.next_sequence();
    slots[2]->told_as = process().spool.next_sequence();
    kill();
    // The next process is killed in the middle of its recovery: some slots are recorded, one of them is not released.
    start();
    const std::uint64_t left_at = process().spool.next_sequence();
    std::vector<InFlightSlot*> left = process().in_flight.used();
    std::stable_partition(left.begin(), left.end(), [&](auto* slot) { return slot->recorded_as == left_at || slot->told_as == left_at; });
    for (int i = 0; i < killed_again_after; ++i) {
      InFlightSlot* slot = left[static_cast<std::size_t>(i)];
      auto event = interrupted(*slot, left_at);
      slot->recorded_as = process().spool.next_sequence();
      log().record(*event, nullptr);
      if (i + 1 < killed_again_after) {
        process().in_flight.give_back(*slot);
      }
    }
    kill();
    start();
    log().record_interrupted();
    std::vector<std::uint32_t> numbers;
    for (const auto& event : events()) {
      numbers.push_back(event.request_number());
    }
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 2, 3})) << "killed again after " << killed_again_after;
    process().spool.acknowledge(process().spool.next_sequence() - 1);
    kill();
  }
}

TEST_F(InFlightTest, TellsEachOctetOfALongRequestOnce) {
  start();
  InFlightSlot* slot = begin(1);
  const proto::TrafficEvent event = event_of(1);
  log().tell_progress(*slot, event);
  EXPECT_EQ(events().size(), 0u) << "nothing has moved";
  TrafficLog::note(*slot, 10, event, {.sent = 100, .received = 5});
  log().tell_progress(*slot, event);
  log().tell_progress(*slot, event);
  TrafficLog::note(*slot, 20, event, {.sent = 350, .received = 5});
  log().tell_progress(*slot, event);
  TrafficLog::note(*slot, 30, event, {.sent = 1000, .received = 5});
  end(1, slot);
  const auto seen = events();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].kind(), proto::PROGRESS);
  EXPECT_EQ(seen[0].bytes_sent(), 100u);
  EXPECT_EQ(seen[0].bytes_received(), 5u);
  EXPECT_EQ(seen[0].duration_us(), 10u);
  EXPECT_EQ(seen[1].bytes_sent(), 250u);
  EXPECT_EQ(seen[1].bytes_received(), 0u);
  EXPECT_EQ(seen[2].kind(), proto::REQUEST);
  EXPECT_EQ(seen[2].bytes_sent(), 1000u);
  EXPECT_EQ(seen[2].told_bytes_sent(), 350u);
  EXPECT_EQ(seen[2].told_bytes_received(), 5u);
  EXPECT_EQ(process().counters.requests, 1u);
}

TEST_F(InFlightTest, KnowsAfterAKillHowMuchWasTold) {
  for (const bool was_appended : {false, true}) {
    start();
    InFlightSlot* slot = begin(1);
    const proto::TrafficEvent event = event_of(1);
    TrafficLog::note(*slot, 10, event, {.sent = 100, .received = 5});
    log().tell_progress(*slot, event);
    TrafficLog::note(*slot, 20, event, {.sent = 300, .received = 8});
    if (was_appended) {
      log().tell_progress(*slot, event);
    } else {
      slot->told_sent_before = 100;
      slot->told_received_before = 5;
      slot->told_as = process().spool.next_sequence();
      slot->told_sent = 300;
      slot->told_received = 8;
    }
    kill();
    start();
    log().record_interrupted();
    const auto seen = events();
    EXPECT_EQ(seen.back().outcome(), proto::INTERRUPTED);
    EXPECT_EQ(seen.back().told_bytes_sent(), was_appended ? 300u : 100u);
    EXPECT_EQ(seen.back().told_bytes_received(), was_appended ? 8u : 5u);
    process().spool.acknowledge(process().spool.next_sequence() - 1);
    kill();
  }
}

TEST_F(InFlightTest, ShortensWhatDoesNotFit) {
  start();
  proto::TrafficEvent event = event_of(1);
  event.set_path("/" + std::string(5000, 'p'));
  event.set_user_agent(std::string(300, 'u'));
  ASSERT_NE(log().begin(event), nullptr);
  event = event_of(2);
  event.set_user_agent(std::string(5000, 'u'));
  ASSERT_NE(log().begin(event), nullptr);
  kill();
  start();
  EXPECT_EQ(log().record_interrupted(), 2u);
  for (const auto& seen : events()) {
    EXPECT_EQ(seen.host(), "a.example");
    EXPECT_EQ(seen.user_agent(), "");
    EXPECT_TRUE(seen.request_number() == 1 ? seen.path().size() > 300 : seen.path() == "/2");
  }
}

TEST_F(InFlightTest, GrowsWithTheRequestsAndIsTakenOverWhole) {
  start();
  constexpr std::uint32_t kMany = 3 * InFlightTable::kSlotsPerFile / 2;
  for (std::uint32_t i = 1; i <= kMany; ++i) {
    ASSERT_NE(begin(i), nullptr);
  }
  kill();
  start();
  EXPECT_EQ(process().in_flight.used().size(), kMany);
  EXPECT_EQ(log().record_interrupted(), kMany);
  EXPECT_EQ(process().in_flight.used().size(), 0u);
}

TEST_F(InFlightTest, BeginsAnewWithAFileThatIsNoTable) {
  start();
  kill();
  std::filesystem::resize_file(folder_.path() / "in_flight.000", 100);
  start();
  EXPECT_EQ(process().in_flight.used().size(), 0u);
  EXPECT_NE(begin(1), nullptr);
}

TEST_F(InFlightTest, LeavesRoomForTheUnfinishedWhenAFullSpoolRefuses) {
  tests::TemporaryFolder other;
  std::string error;
  constexpr std::size_t kSegment = 1 << 16;
  auto spool = Spool::open(other.path(), "worker-0",
                           {.segment_bytes = kSegment, .total_bytes = 5 * kSegment, .when_full = SpoolLimits::WhenFull::Refuse}, error);
  ASSERT_TRUE(spool) << error;
  std::uint64_t appended = 0;
  const auto append = [&] {
    std::byte* room = spool->begin_append(1000);
    if (room != nullptr) {
      spool->finish_append(1000);
      ++appended;
    }
    return room != nullptr;
  };
  while (spool->has_room() && appended < 10'000) {
    ASSERT_TRUE(append());
  }
  const std::uint64_t when_refusing = appended;
  EXPECT_EQ(spool->lost_events(), 0u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(append()) << "the record of a request under way, " << i;
  }
  while (append() && appended < 10'000) {
  }
  EXPECT_EQ(spool->lost_events(), 1u);
  EXPECT_EQ(spool->next_sequence(), appended + 2) << "what is lost keeps its number";
  EXPECT_EQ(spool->pending_events(), appended) << "and nothing old was dropped";
  EXPECT_LT(when_refusing, appended);
  spool->acknowledge(appended);
  EXPECT_TRUE(append()) << "there is room again";
  EXPECT_TRUE(spool->has_room());
  spool->rewind();
  const auto range = spool->take(1 << 20);
  EXPECT_EQ(range.first_sequence, appended + 1) << "behind the hole";
}

}  // namespace
}  // namespace weir::traffic
