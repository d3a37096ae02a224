// A message of a worker, read from its two frames (proto/ledger.proto), and the answer to it. Pure; all that comes in
// is checked before any of it counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::collector {

inline constexpr std::size_t kStreamIdBytesMax = 128;
inline constexpr std::size_t kBatchEventsMax = 65'536;

struct Batch {
  std::string stream_id;
  std::uint64_t first_sequence = 0;
  std::uint64_t oldest_sequence = 0;  // 0: not said
  std::uint64_t lost_before = 0;      // so many directly before the first are lost for good
  // Payloads, borrowed from the second frame. Empty: the worker only asks where the collector stands.
  std::vector<std::span<const std::byte>> events;

  std::uint64_t last_sequence() const { return first_sequence + events.size() - 1; }
};

// Nothing, with `error` in words for the log, when either frame is not as it must be.
std::optional<Batch> read_batch(std::string_view header, std::string_view events, std::string& error);

struct Reply {
  std::string routing_id;  // whom to send it to
  std::string stream_id;
  std::uint64_t last_sequence = 0;
  bool resend = false;
};

// The Ack message.
std::string ack_frame(const Reply& reply);

}  // namespace weir::collector
