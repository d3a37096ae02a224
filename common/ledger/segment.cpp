#include "common/ledger/segment.h"

#include <algorithm>
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

bool is_vacant(std::span<const std::byte> bytes) {
  if (bytes.size() >= kFreeMagic.size() && std::memcmp(bytes.data(), kFreeMagic.data(), kFreeMagic.size()) == 0) {
    return true;
  }
  const auto is_zero = [](std::span<const std::byte> part) {
    return std::all_of(part.begin(), part.end(), [](std::byte octet) { return octet == std::byte{0}; });
  };
  // The magic is written last; nothing is behind the header then.
  const std::size_t header = std::min(bytes.size(), sizeof(SegmentHeader));
  return is_zero(bytes.first(std::min(bytes.size(), sizeof(SegmentHeader::magic)))) && is_zero(bytes.subspan(header));
}

bool is_still(const SegmentHeader& header, std::uint64_t first_sequence) {
  std::atomic_thread_fence(std::memory_order_acquire);
  return header.magic == kSegmentMagic && header.first_sequence == first_sequence;
}

SegmentEvents count_events(std::span<const std::byte> segment, std::uint64_t first_sequence) {
  SegmentEvents events{0, sizeof(SegmentHeader)};
  while (frame_length(segment, events.end_offset) != 0) {
    const auto payload = read_record(segment.subspan(events.end_offset), first_sequence + events.count);
    if (!payload) {
      break;
    }
    events.end_offset += framed_bytes(payload->size());
    ++events.count;
  }
  return events;
}

}  // namespace weir::ledger
