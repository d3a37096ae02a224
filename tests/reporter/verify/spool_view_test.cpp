#include "reporter/verify/spool_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "proxy_worker/traffic/spool.h"
#include "tests/support/temporary_folder.h"

namespace weir::verify {
namespace {

using ::testing::IsEmpty;

class SpoolViewTest : public ::testing::Test {
 protected:
  traffic::Spool open() {
    std::string error;
    auto spool = traffic::Spool::open(folder(), "worker-0", {.segment_bytes = 4096, .total_bytes = 1 << 20}, error);
    EXPECT_TRUE(spool) << error;
    return std::move(*spool);
  }
  static void append(traffic::Spool& spool, std::size_t bytes) {
    std::byte* room = spool.begin_append(bytes);
    ASSERT_NE(room, nullptr);
    std::memset(room, 'x', bytes);
    spool.finish_append(bytes);
  }
  std::filesystem::path folder() const { return parent_.path() / "worker-0"; }

  tests::TemporaryFolder parent_;
};

TEST_F(SpoolViewTest, SeesNothingInAFileThatWasGivenUpOrIsBeingMade) {
  traffic::Spool spool = open();
  for (int number = 0; number < 30; ++number) {
    append(spool, 200);
  }
  spool.acknowledge(29);
  ASSERT_TRUE(std::filesystem::exists(folder() / "free"));
  std::filesystem::rename(folder() / "free", folder() / "00000000000000000001.seg");  // as before it was renamed
  const SpoolView view = view_spool(folder());
  EXPECT_THAT(view.damages, IsEmpty());
  EXPECT_THAT(view.unreadable, IsEmpty());
  EXPECT_EQ(view.end_sequence, 31u);
}

// Each few events a file is given another life, also while it is being read.
TEST_F(SpoolViewTest, FindsNoDamageWhereAWorkerUsesFilesAgain) {
  traffic::Spool spool = open();
  std::atomic<bool> is_ending = false;
  std::atomic<std::uint64_t> delivered = 0;
  std::thread worker([&] {
    for (std::uint64_t sequence = 1; !is_ending; ++sequence) {
      append(spool, 8 + sequence % 40);
      delivered = sequence;
      spool.acknowledge(sequence);
    }
  });
  for (int view = 0; view < 60'000; ++view) {
    const SpoolView seen = view_spool(folder());
    // A file that is gone leaves a hole, of events that the collector has.
    if (!seen.damages.empty() || (!seen.unreadable.empty() && seen.unreadable.back().last > delivered)) {
      ADD_FAILURE() << "view " << view << ": " << (seen.damages.empty() ? "events are missing" : seen.damages.front());
      break;
    }
  }
  is_ending = true;
  worker.join();
}

}  // namespace
}  // namespace weir::verify
