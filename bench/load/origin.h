// The origin that the load goes to: answers every GET with the same body, and echoes on a second port. In the load
// program's own thread; never a bottleneck beside a proxy.
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/event_loop.h"

namespace weir::load {

// What was served, for comparison with what the clients counted.
struct OriginTally {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t bad_requests = 0;
};

// Both listen on a port of 127.0.0.1 that the kernel chooses, and give it. `tally`, and the response, outlive the loop.
std::uint16_t listen_for_http(EventLoop& loop, const std::string& response, OriginTally& tally);
std::uint16_t listen_for_echo(EventLoop& loop, OriginTally& tally);

}  // namespace weir::load
