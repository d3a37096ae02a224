// Everything about the one request that a client connection is busy with: what was asked, the exchange itself, and the
// record that is written when it ends. Taken from a pool at the first octet of a request and given back at its end, so
// that an idle connection holds none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy_worker/http1/body_framing.h"
#include "proxy_worker/http1/head_changes.h"
#include "proxy_worker/http1/request_target.h"
#include "proxy_worker/net/timer_wheel.h"
#include "proxy_worker/session/exchange.h"
#include "proxy_worker/session/reason.h"
#include "proxy_worker/session/tunnel.h"
#include "proxy_worker/tls/client_hello.h"
#include "proxy_worker/traffic/in_flight_table.h"
#include "traffic_event.pb.h"

namespace weir::session {

// Whether a client that has ended its side before its answer came is still there.
enum class Departure : std::uint8_t { Unasked, Suspected, Asked };

struct Transaction {
  // What was asked.
  http1::RequestTarget target;
  http1::BodyFraming request_framing;
  unsigned client_minor_version = 1;
  bool client_keeps_alive = false;
  bool wants_upgrade = false;
  bool prefers_json = false;
  bool is_for_proxy = false;  // OPTIONS or TRACE that ends here (RFC 9110 section 7.6.2)
  std::optional<std::uint32_t> max_forwards;  // for the next hop; only of OPTIONS and TRACE

  bool is_known_client = false;  // its address may use the proxy, and the request is counted
  bool is_logged_in = false;
  bool is_counted_tunnel = false;  // among its client's open ones
  std::uint64_t charged_bytes = 0;  // to its client

  // What the origin is sent; kept until its answer begins, because a kept connection may turn out to be dead.
  std::string origin_key;  // in the pool: "host:port"
  std::string origin_head;
  std::string early_body;  // came with the head; framed for the origin
  bool used_kept_connection = false;
  bool was_retried = false;
  Exchange exchange;
  Departure departure = Departure::Unasked;
  std::optional<Tunnel> tunnel;
  std::unique_ptr<tls::ClientHelloReader> hello;  // while the client's first octets in a tunnel are awaited

  // The record. Its strings keep their memory from request to request.
  proto::TrafficEvent event;
  http1::HeadChanges head_changes;  // scratch, on their way into the event
  traffic::InFlightSlot* slot = nullptr;  // of the worker's table; what a crash leaves of the record
  Reason reason = Reason::None;
  net::TimePoint started{};
  std::uint64_t client_bytes_before = 0;  // written to the client before this request

  const std::string& method() const { return event.method(); }
  bool is_tunnel_request() const { return target.form == http1::TargetForm::Authority; }
  // The final response's head has gone out, the origin's or our own.
  bool is_answered() const { return event.status() != 0; }
  // Sending it once more by itself does no harm (RFC 9110 section 9.2.2) and is possible.
  bool is_repeatable() const;
  // The kept connection died before anything of an answer came: the request has not been handled.
  bool may_retry() const;

  // As if new, but with the memory.
  void clear();
};

// Transactions that wait for their next request.
class TransactionPool {
 public:
  std::unique_ptr<Transaction> take();
  void give_back(std::unique_ptr<Transaction> transaction);

 private:
  std::vector<std::unique_ptr<Transaction>> idle_;
};

}  // namespace weir::session
