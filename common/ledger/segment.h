// One file of a spool as it lies on disk: a header, then one frame for each event (record_frame.h), then zeros or what is left
// of the file's former life. Written by the worker; read by its next incarnation, and by the reporter, also while the worker
// appends, and gives the file another life.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/ledger/record_frame.h"

namespace weir::ledger {

inline constexpr std::array<char, 8> kSegmentMagic{'W', 'E', 'I', 'R', 'S', 'E', 'G', '2'};
// Stands there instead when all events were acknowledged, and the file waits for another life.
inline constexpr std::array<char, 8> kFreeMagic{'W', 'E', 'I', 'R', 'F', 'R', 'E', 'E'};
// Segments are named by their first sequence number, in one width, and this.
inline constexpr std::string_view kSegmentExtension = ".seg";
// Added to the name of a segment that a worker could not read.
inline constexpr std::string_view kDamagedExtension = ".damaged";

// At the beginning of each file; little-endian.
struct SegmentHeader {
  std::array<char, 8> magic;
  std::uint64_t first_sequence;
  std::uint64_t acknowledged;      // the last event of the stream that need not be kept any more
  std::uint64_t end_sequence;      // one past the last event that was finished here; stored after the event itself
  std::array<char, 88> stream_id;  // filled up with zeros
  // Numbers behind end_sequence that are used up, though the events were lost: there was no room for them. What comes next
  // is in another segment.
  std::uint64_t lost_behind;
};
static_assert(sizeof(SegmentHeader) == 128 && sizeof(SegmentHeader) % kRecordAlignment == 0);

// The header of the segment that `bytes` are, borrowed from them; null when they are none.
const SegmentHeader* segment_header(std::span<const std::byte> bytes);

// Whether the file holds no events though it is no segment: it is being made, or is free.
bool is_vacant(std::span<const std::byte> bytes);

// Whether the file still is the segment whose header was read before: if not, all of its events were acknowledged.
bool is_still(const SegmentHeader& header, std::uint64_t first_sequence);

struct SegmentEvents {
  std::uint64_t count = 0;
  std::size_t end_offset = 0;  // behind the last whole one
};

// Counts the whole events of a segment, up to the first that is not whole. Where end_sequence tells of more, there is damage.
SegmentEvents count_events(std::span<const std::byte> segment, std::uint64_t first_sequence);

}  // namespace weir::ledger
