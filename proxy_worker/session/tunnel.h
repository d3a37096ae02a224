// Moves octets between two streams, in both directions at once, until both have ended. Each direction ends by itself:
// an end on one side is passed on as an end (half-close), a reset as a reset.
#pragma once

#include <cstdint>
#include <span>

#include "proxy_worker/net/stream.h"
#include "proxy_worker/tls/client_hello.h"

namespace weir::session {

class Tunnel {
 public:
  enum class Result : std::uint8_t {
    Waiting,       // for one side or the other
    Unfinished,    // its turn was used up: there is more to move
    Ended,         // both directions have ended in order, or one side was reset and everything from it is delivered
  };

  // Reads and writes what there is; `buffer` is borrowed for the call. `hello`: shown what the client sends, until it has
  // seen enough; nullptr: nobody looks.
  Result pump(net::Stream& client, net::Stream& origin, std::span<char> buffer, tls::ClientHelloReader* hello);
  bool has_moved() const { return has_moved_; }
  bool was_reset() const { return client_to_origin_ == Direction::Reset || origin_to_client_ == Direction::Reset; }
  bool was_reset_by_client() const { return client_to_origin_ == Direction::Reset; }

  std::uint64_t client_to_origin_bytes() const { return client_to_origin_bytes_; }
  std::uint64_t origin_to_client_bytes() const { return origin_to_client_bytes_; }
  // Octets that came with the head or behind a 101, and were written by the session.
  // The client's end was read before the tunnel began.
  void end_client_to_origin(net::Stream& origin);
  void count_early(std::uint64_t client_to_origin, std::uint64_t origin_to_client);

 private:
  enum class Direction : std::uint8_t { Open, Ended, Reset };

  bool pump_direction(Direction& direction, net::Stream& from, net::Stream& to, std::span<char> buffer, std::uint64_t& bytes,
                      tls::ClientHelloReader* hello);

  Direction client_to_origin_ = Direction::Open;
  Direction origin_to_client_ = Direction::Open;
  std::uint64_t client_to_origin_bytes_ = 0;
  std::uint64_t origin_to_client_bytes_ = 0;
  bool has_moved_ = false;
};

}  // namespace weir::session
