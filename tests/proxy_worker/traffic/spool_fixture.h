// A spool in a folder of its own whose events show their numbers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ledger/record_frame.h"
#include "proxy_worker/traffic/spool.h"
#include "proxy_worker/traffic/spool_segment.h"
#include "tests/support/temporary_folder.h"

namespace weir::traffic {

inline constexpr SpoolLimits kLimits{.segment_bytes = 4096, .total_bytes = 1 << 20};
inline constexpr std::size_t kPayloadBytes = 1000;  // three of them fit into a segment
inline constexpr std::uint64_t kPerSegment = 3;

// Events as they were taken: their numbers, and the beginning of what each holds.
using Events = std::map<std::uint64_t, std::string>;

inline bool append(Spool& spool, std::string_view payload) {
  std::byte* room = spool.begin_append(payload.size());
  if (room == nullptr) {
    return false;
  }
  std::memcpy(room, payload.data(), payload.size());
  spool.finish_append(payload.size());
  return true;
}

// "3xxx...": so that a payload shows which event it is.
inline std::string payload_of(std::uint64_t sequence, std::size_t bytes = kPayloadBytes) {
  std::string payload = std::to_string(sequence);
  payload.resize(std::max(bytes, payload.size()), 'x');
  return payload;
}

inline void append_numbered(Spool& spool, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
    ASSERT_TRUE(append(spool, payload_of(sequence)));
  }
}

inline std::vector<std::string> payloads(std::span<const std::byte> frames, std::uint64_t first_sequence) {
  std::vector<std::string> out;
  while (const auto payload = ledger::read_record(frames, first_sequence + out.size())) {
    out.emplace_back(reinterpret_cast<const char*>(payload->data()), payload->size());
    frames = frames.subspan(ledger::framed_bytes(payload->size()));
  }
  EXPECT_TRUE(frames.empty());
  return out;
}

inline Events events_in(const Spool::Range& range) {
  Events events;
  for (const std::string& payload : payloads(range.bytes, range.first_sequence)) {
    events[range.first_sequence + events.size()] = payload.substr(0, payload.find('x'));
  }
  EXPECT_EQ(events.size(), range.count);
  return events;
}

inline Events take_all(Spool& spool) {
  Events all;
  while (true) {
    const Spool::Range range = spool.take(2000);
    if (range.count == 0) {
      return all;
    }
    all.merge(events_in(range));
  }
}

inline Events numbered(std::uint64_t first, std::uint64_t last) {
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

}  // namespace weir::traffic
