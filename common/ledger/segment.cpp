#include "common/ledger/segment.h"

#include <atomic>
#include <cstring>

namespace weir::ledger {

namespace {

// The length of the frame at `offset`, 0 when there is none yet. What was stored before the length is seen with it.
std::uint32_t frame_length(std::span<const std::byte> segment, std::size_t offset) {
  if (offset + kRecordHeaderBytes > segment.size()) {
    return 0;
  }
  auto* length = reinterpret_cast<std::uint32_t*>(const_cast<std::byte*>(segment.data() + offset));
  return std::atomic_ref<std::uint32_t>(*length).load(std::memory_order_acquire);
}

}  // namespace

const SegmentHeader* segment_header(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(SegmentHeader)) {
    return nullptr;
  }
  const auto* header = reinterpret_cast<const SegmentHeader*>(bytes.data());
  return header->magic == kSegmentMagic && header->stream_id.back() == '\0' ? header : nullptr;
}

SegmentEvents count_events(std::span<const std::byte> segment, std::size_t offset) {
  SegmentEvents events{0, offset};
  while (frame_length(segment, events.end_offset) != 0) {
    const auto payload = read_record(segment.subspan(events.end_offset));
    if (!payload) {
      break;
    }
    events.end_offset += framed_bytes(payload->size());
    ++events.count;
  }
  return events;
}

bool is_damaged_behind(std::span<const std::byte> segment, std::size_t end_offset) {
  if (frame_length(segment, end_offset) != 0) {
    return true;
  }
  for (std::size_t offset = end_offset; offset + kRecordHeaderBytes < segment.size(); offset += kRecordAlignment) {
    if (frame_length(segment, offset) != 0 && read_record(segment.subspan(offset))) {
      return true;
    }
  }
  return false;
}

}  // namespace weir::ledger
