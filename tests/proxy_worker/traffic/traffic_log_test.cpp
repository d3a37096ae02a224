#include "proxy_worker/traffic/traffic_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/ledger/record_frame.h"
#include "proxy_worker/traffic/shipper.h"
#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/traffic/collector_end.h"
#include "tests/support/temporary_folder.h"
#include "traffic_event.pb.h"

namespace weir::traffic {
namespace {

proto::TrafficEvent event_of(proto::Outcome outcome) {
  proto::TrafficEvent event;
  event.set_outcome(outcome);
  event.set_host("a.example");
  event.set_bytes_sent(100);
  event.set_bytes_received(10);
  return event;
}

void record_one_of_each(TrafficLog& log) {
  for (const auto outcome : {proto::SERVED, proto::REFUSED, proto::RATE_LIMITED, proto::FAILED, proto::CUT_OFF}) {
    proto::TrafficEvent event = event_of(outcome);
    log.record(event, nullptr);
  }
}

TEST(TrafficLog, CountsEachRequestByItsOutcome) {
  live::WorkerCounters counters{};
  TrafficLog log(counters, {});
  record_one_of_each(log);
  EXPECT_EQ(counters.requests, 5u);
  EXPECT_EQ(counters.refused, 1u);
  EXPECT_EQ(counters.rate_limited, 1u);
  EXPECT_EQ(counters.failed, 1u);
  EXPECT_EQ(counters.cut_off, 1u);
  EXPECT_EQ(counters.bytes_sent, 500u);
  EXPECT_EQ(counters.bytes_received, 50u);
}

TEST(TrafficLog, HasNothingToDeliverWithoutRecords) {
  live::WorkerCounters counters{};
  TrafficLog log(counters, {});
  record_one_of_each(log);
  EXPECT_TRUE(log.is_delivered());
  EXPECT_EQ(counters.records_pending, 0u);
}

TEST(TrafficLog, PutsEachRecordIntoTheSpool) {
  tests::TemporaryFolder folder;
  std::string error;
  auto spool = Spool::open(folder.path() / "spool", "worker-0", {.segment_bytes = 1 << 16, .total_bytes = 1 << 20}, error);
  ASSERT_TRUE(spool) << error;
  net::EventLoop loop;
  Shipper shipper(loop, *spool, {"ipc://" + (folder.path() / "nobody.sock").native()});
  live::WorkerCounters counters{};
  TrafficLog log(counters, {.spool = &*spool, .shipper = &shipper});
  record_one_of_each(log);
  EXPECT_FALSE(log.is_delivered());
  tests::LoopRunner runner(loop);
  EXPECT_TRUE(runner.until([&] { return counters.records_pending == 5u; }, std::chrono::seconds(20)));
  EXPECT_GT(counters.records_pending_bytes, 0u);
  EXPECT_EQ(counters.records_lost, 0u);

  const auto payload = ledger::read_record(spool->take(1).bytes, 1);
  ASSERT_TRUE(payload);
  proto::TrafficEvent stored;
  ASSERT_TRUE(stored.ParseFromArray(payload->data(), static_cast<int>(payload->size())));
  EXPECT_EQ(stored.SerializeAsString(), event_of(proto::SERVED).SerializeAsString());
  spool->acknowledge(5);
  EXPECT_TRUE(log.is_delivered());
}

TEST(TrafficLog, ShipsEachRecordByItself) {
  tests::TemporaryFolder folder;
  std::string error;
  auto spool = Spool::open(folder.path() / "spool", "worker-0", {.segment_bytes = 1 << 16, .total_bytes = 1 << 20}, error);
  ASSERT_TRUE(spool) << error;
  const std::string endpoint = "ipc://" + (folder.path() / "collector.sock").native();
  tests::CollectorEnd collector(endpoint);
  net::EventLoop loop;
  tests::LoopRunner runner(loop);
  Shipper shipper(loop, *spool, {endpoint});
  live::WorkerCounters counters{};
  TrafficLog log(counters, {.spool = &*spool, .shipper = &shipper});
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    proto::TrafficEvent event = event_of(proto::SERVED);
    log.record(event, nullptr);
    std::optional<tests::ReceivedBatch> batch;
    ASSERT_TRUE(runner.until([&] { return (batch = collector.receive()).has_value(); }, std::chrono::seconds(1))) << sequence;
    EXPECT_EQ(batch->header.first_sequence(), sequence);
  }
}

}  // namespace
}  // namespace weir::traffic
