#include "common/ledger/record_frame.h"

#include <isa-l/crc.h>

#include <atomic>
#include <bit>
#include <cstring>

#include "common/base/crash_point.h"

namespace weir::ledger {

static_assert(std::endian::native == std::endian::little, "segments are little-endian and are written in place");

std::uint32_t record_checksum(std::uint64_t sequence, std::span<const std::byte> payload) {
  // Length and number are the seed: a frame of zeros, a payload cut at its end or one of another number does not pass. The
  // upper half is moved, so that it does not cancel the lower one.
  const auto number = static_cast<std::uint32_t>(sequence) ^ std::rotl(static_cast<std::uint32_t>(sequence >> 32), 20);
  const std::uint32_t seed = ~(static_cast<std::uint32_t>(payload.size()) ^ number);
  // isa-l takes a non-const pointer and an int, and writes neither.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(payload.data()));
  return ::crc32_iscsi(bytes, static_cast<int>(payload.size()), seed);
}

std::size_t bytes_of_records(std::span<const std::byte> frames, std::uint64_t count) {
  std::size_t bytes = 0;
  for (; count > 0 && bytes + kRecordHeaderBytes <= frames.size(); --count) {
    std::uint32_t length = 0;
    std::memcpy(&length, frames.data() + bytes, sizeof length);
    bytes += framed_bytes(length);
  }
  return bytes;
}

void seal_record(std::byte* frame, std::uint64_t sequence, std::size_t payload_bytes) {
  const std::uint32_t checksum = record_checksum(sequence, {frame + kRecordHeaderBytes, payload_bytes});
  const std::size_t end = kRecordHeaderBytes + payload_bytes;
  std::memset(frame + end, 0, framed_bytes(payload_bytes) - end);
  std::memcpy(frame + sizeof(std::uint32_t), &checksum, sizeof checksum);
  WEIR_CRASH_POINT("frame.checksum");
  auto* length = reinterpret_cast<std::uint32_t*>(frame);
  std::atomic_ref<std::uint32_t>(*length).store(static_cast<std::uint32_t>(payload_bytes), std::memory_order_release);
}

std::optional<std::span<const std::byte>> read_record(std::span<const std::byte> bytes, std::uint64_t sequence) {
  std::uint32_t length = 0;
  std::uint32_t checksum = 0;
  if (bytes.size() < kRecordHeaderBytes) {
    return std::nullopt;
  }
  std::memcpy(&length, bytes.data(), sizeof length);
  std::memcpy(&checksum, bytes.data() + sizeof length, sizeof checksum);
  if (length == 0 || length > kRecordPayloadBytesMax || framed_bytes(length) > bytes.size()) {
    return std::nullopt;
  }
  const auto payload = bytes.subspan(kRecordHeaderBytes, length);
  if (record_checksum(sequence, payload) != checksum) {
    return std::nullopt;
  }
  return payload;
}

}  // namespace weir::ledger
