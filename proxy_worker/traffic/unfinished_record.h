// What is recorded of a request that has not ended, or never will.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "proxy_worker/traffic/in_flight_table.h"
#include "traffic_event.pb.h"

namespace weir::traffic {

// `event` in at most `bytes_max` octets: first without its user agent, then with a part of its path.
proto::TrafficEvent shortened(const proto::TrafficEvent& event, std::size_t bytes_max);

// A PROGRESS event: `moved` octets since the one before.
proto::TrafficEvent progress_of(const proto::TrafficEvent& event, const ByteCount& moved, std::uint64_t duration_us);

// The record of a request whose worker was killed; nothing when the slot does not hold one. `next_sequence`: that of the
// stream as the killed process left it.
std::optional<proto::TrafficEvent> interrupted(const InFlightSlot& slot, std::uint64_t next_sequence);

}  // namespace weir::traffic
