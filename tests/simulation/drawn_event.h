// What is known of a simulated request at its beginning, and how it ends.
#pragma once

#include <cstdint>

#include "tests/simulation/random.h"
#include "traffic_event.pb.h"

namespace weir::simulation {

// Short and long ones, for some hosts.
proto::TrafficEvent draw_event(std::uint64_t number, std::int64_t started_at_us, Random& random);
// So that its line goes to one or another of the logs.
void draw_outcome(proto::TrafficEvent& event, Random& random);

}  // namespace weir::simulation
