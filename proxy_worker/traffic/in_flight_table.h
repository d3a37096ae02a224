// The requests that a worker is serving, in mapped files of its spool's folder: what a killed worker leaves there, its
// next incarnation records as interrupted (interrupted_requests.h). Readers of the live view may map the files, too.
// One writer, one thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/base/mapped_file.h"

namespace weir::traffic {

// Octets that were moved, from the client's point of view.
struct ByteCount {
  std::uint64_t sent = 0;      // to the client
  std::uint64_t received = 0;  // from the client
};

// One request. All words are written with release order, in the order of the program: a kill leaves what was written.
struct InFlightSlot {
  static constexpr std::size_t kBytes = 512;
  static constexpr std::size_t kEventBytesMax = kBytes - 13 * 8;

  std::atomic<std::uint32_t> version;      // odd while event is being written
  std::atomic<std::uint32_t> event_bytes;  // 0: the slot is free
  // The number in the stream that this request's record gets; 0: it is not being appended. A stream that is already
  // beyond it holds the record.
  std::atomic<std::uint64_t> recorded_as;
  std::atomic<std::uint64_t> duration_us;  // at the last sign of life
  std::atomic<std::uint64_t> ttfb_us;      // 0: not answered yet
  std::atomic<std::uint64_t> status;
  std::atomic<std::uint64_t> bytes_sent;
  std::atomic<std::uint64_t> bytes_received;
  // What progress events have told of these octets: up to the last but one, and, if the stream is beyond `told_as`, with
  // the last one.
  std::atomic<std::uint64_t> told_as;
  std::atomic<std::uint64_t> told_sent_before;
  std::atomic<std::uint64_t> told_received_before;
  std::atomic<std::uint64_t> told_sent;
  std::atomic<std::uint64_t> told_received;
  std::atomic<std::uint64_t> reserved;
  std::array<std::byte, kEventBytesMax> event;  // a TrafficEvent with what is known at the request's beginning
};
static_assert(sizeof(InFlightSlot) == InFlightSlot::kBytes);

class InFlightTable {
 public:
  // Slots are added this many at a time, each time in a file of its own.
  static constexpr std::size_t kSlotsPerFile = 1024;

  // `folder` exists and is this worker's alone. Takes over the files that an earlier process left, with what is in them;
  // all processes of a folder have the same `slots_per_file`.
  explicit InFlightTable(std::filesystem::path folder, std::size_t slots_per_file = kSlotsPerFile);

  // A free slot with this event; nullptr when there is none and no room on the disk for more: the request goes on
  // without. `event` has at most InFlightSlot::kEventBytesMax octets.
  InFlightSlot* take(std::span<const std::byte> event);
  void give_back(InFlightSlot& slot);

  // Slots in use; after construction these are the ones that were left behind.
  std::vector<InFlightSlot*> used();
  // No worker will use the table again.
  void remove_files();

 private:
  bool add_file();
  void take_over(base::MappedFile file);

  std::filesystem::path folder_;
  std::size_t slots_per_file_;
  std::deque<base::MappedFile> files_;
  std::vector<InFlightSlot*> free_;  // the last one is taken first: it is the warmest
  bool is_disk_full_ = false;
};

}  // namespace weir::traffic
