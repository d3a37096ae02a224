// Request and response of one HTTP exchange, flowing at the same time between a client and an origin: reads whatever
// side has something for the other and is not ahead of it. Says how it stands; what to do about it is the session's.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "proxy_worker/net/stream.h"
#include "proxy_worker/session/request_relay.h"
#include "proxy_worker/session/response_relay.h"

namespace weir::session {

class Exchange {
 public:
  enum class Status : std::uint8_t {
    Waiting,           // for one side or the other
    Unfinished,        // its turn was used up: there is more to move
    Complete,          // the response has reached the client, as far as the kernel tells
    Switched,          // 101: a tunnel from here on
    RequestMalformed,  // the request's body
    ClientLost,        // left before the end of its request or of the response
    OriginLost,        // left before the end of its response
    OriginMalformed,
  };

  // Borrowed for one call.
  struct Sides {
    net::Stream& client;
    net::Stream& origin;
    std::span<char> buffer;
    http1::ResponseHead& scratch;
    std::string& client_surplus;  // what the client sent behind its request is appended here
  };

  void start(http1::BodyFraming request_framing);
  // Another connection to the origin: the response begins anew.
  void expect_response_again() { response_.start(); }

  Status pump(const Sides& sides, Transaction& transaction, ResponseRelay::Conditions conditions);
  // Whether the last pump() moved anything.
  bool has_moved() const { return has_moved_; }

  RequestRelay& request() { return request_; }
  const RequestRelay& request() const { return request_; }
  const ResponseRelay& response() const { return response_; }
  // What the origin sent behind a 101; part of the tunnel, already written to the client.
  std::uint64_t early_tunnel_bytes() const { return early_tunnel_bytes_; }

  // After Complete: whether either connection can serve another request.
  bool leaves_client_usable() const { return request_.is_complete() && response_.keeps_client(); }
  bool leaves_origin_usable() const { return request_.is_complete() && response_.keeps_origin() && !origin_has_surplus_; }

 private:
  Status move_request(const Sides& sides);
  Status move_response(const Sides& sides, Transaction& transaction, const ResponseRelay::Conditions& conditions);
  Status take_response(std::span<char> bytes, const Sides& sides, Transaction& transaction, const ResponseRelay::Conditions& conditions);
  Status conclude(const Sides& sides) const;

  RequestRelay request_;
  ResponseRelay response_;
  std::uint64_t early_tunnel_bytes_ = 0;
  bool origin_has_surplus_ = false;
  bool has_moved_ = false;
  bool is_idle_turn_ = false;
};

}  // namespace weir::session
