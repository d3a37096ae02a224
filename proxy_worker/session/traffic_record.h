// Fills the record of a transaction: who, when, which heads; and, at its end, how it ended and how much was moved.
#pragma once

#include <cstdint>

#include "common/base/ip_address.h"
#include "proxy_worker/http1/field.h"
#include "proxy_worker/net/timer_wheel.h"
#include "proxy_worker/session/admission.h"
#include "proxy_worker/session/transaction.h"
#include "proxy_worker/traffic/in_flight_table.h"

namespace weir::session {

struct ClientIdentity {
  base::SocketAddress address;
  std::uint64_t connection_id = 0;
  std::uint32_t worker_id = 0;
  bool is_exempt = false;               // from the limits per client
  bool has_too_many_connections = false;  // this one is over the limit
};

// `written_bytes`: octets written to the client so far, over all its requests.
void open_record(const ClientIdentity& client, std::uint32_t request_number, std::uint64_t written_bytes, net::TimePoint now,
                 Transaction& transaction);

// Which rule refused the request, or would have. What was entered before stays when there is none.
void enter_rule(const Verdict& verdict, proto::TrafficEvent& event);

// What a written head has of the received one.
void enter_changes(const http1::HeadChanges& changes, proto::HeadChanges& entry);

// The first octet of an answer goes out.
void note_answer(unsigned status, net::TimePoint now, Transaction& transaction);

// What was moved so far; `written_bytes` as above.
traffic::ByteCount bytes_so_far(const Transaction& transaction, std::uint64_t written_bytes);

std::uint64_t duration_us(const Transaction& transaction, net::TimePoint now);

void close_record(proto::Outcome outcome, proto::Fault fault, std::uint64_t written_bytes, net::TimePoint now, Transaction& transaction);

}  // namespace weir::session
