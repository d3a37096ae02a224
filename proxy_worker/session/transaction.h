// Everything about the one request that a client connection is busy with: what was asked, what is sent on, and the
// record that is written when it ends. Taken from a pool at the first octet of a request and given back at its end, so
// that an idle connection holds none.
#pragma once

#include <cstdint>
#include <string>

#include "proxy_worker/http1/body_framing.h"
#include "proxy_worker/http1/request_target.h"
#include "proxy_worker/net/timer_wheel.h"
#include "proxy_worker/session/reason.h"
#include "traffic_event.pb.h"

namespace weir::session {

struct Transaction {
  // What was asked.
  http1::RequestTarget target;
  http1::BodyFraming request_framing;
  unsigned client_minor_version = 1;
  bool client_keeps_alive = false;
  bool wants_upgrade = false;
  bool prefers_json = false;
  bool expects_continue = false;
  // The origin's key in the pool ("host:port"), and what it is sent; kept until its first octet has arrived.
  std::string origin_key;
  std::string origin_head;
  std::string early_body;          // content that came with the head, framed for the origin
  bool used_pooled_connection = false;
  bool was_retried = false;

  // The record. Its strings keep their memory from request to request.
  proto::TrafficEvent event;
  net::TimePoint started{};
  std::uint64_t client_bytes_before = 0;  // written to the client before this request
  std::uint64_t origin_bytes_before = 0;  // written to a reused origin connection before this request
  Reason reason = Reason::None;

  const std::string& method() const { return event.method(); }
  bool is_head() const { return event.method() == "HEAD"; }

  // As if new, but with the memory.
  void clear();
};

// Whether repeating the request by itself does no harm (RFC 9110 section 9.2.2).
bool is_idempotent(std::string_view method);

}  // namespace weir::session
