// How one event lies in a spool segment and in a batch on the wire: length u32 | crc32c u32 | payload | zeros up to a
// multiple of 8 octets, little-endian. Written by the worker, read by the collector and by a restarted worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weir::ledger {

inline constexpr std::size_t kRecordHeaderBytes = 8;
inline constexpr std::size_t kRecordAlignment = 8;
// No event is larger: heads are bounded. A longer length can only be damage.
inline constexpr std::size_t kRecordPayloadBytesMax = 1u << 20;
// No batch is larger: a worker ends one before it would be; the collector refuses more.
inline constexpr std::size_t kBatchBytesMax = 4u << 20;

// Octets that a payload of this length takes with header and padding.
constexpr std::size_t framed_bytes(std::size_t payload_bytes) {
  return (kRecordHeaderBytes + payload_bytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

// CRC-32C (Castagnoli) of the payload, its length and the event's number in its stream. With the number no frame passes for
// another one: not one of a segment's former life, nor one that came in the wrong order.
std::uint32_t record_checksum(std::uint64_t sequence, std::span<const std::byte> payload);

// How many octets the first `count` frames take, of a range that is known to hold whole ones.
std::size_t bytes_of_records(std::span<const std::byte> frames, std::uint64_t count);

// Completes the frame around a payload that stands at `frame + kRecordHeaderBytes` already. The length is stored last,
// with release order: a reader that sees it sees the whole frame, also after the writer was killed in between.
void seal_record(std::byte* frame, std::uint64_t sequence, std::size_t payload_bytes);

// The payload of the frame at the beginning of `bytes`, if it is event `sequence` of its stream. Nothing when there is none
// (length 0), when it is longer than `bytes`, or when its checksum does not fit.
std::optional<std::span<const std::byte>> read_record(std::span<const std::byte> bytes, std::uint64_t sequence);

}  // namespace weir::ledger
