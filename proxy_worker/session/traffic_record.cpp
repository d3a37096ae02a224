#include "proxy_worker/session/traffic_record.h"

#include <chrono>

namespace weir::session {

namespace {

std::uint64_t to_us(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

}  // namespace

void open_record(const ClientIdentity& client, std::uint32_t request_number, std::uint64_t written_bytes, net::TimePoint now,
                 Transaction& transaction) {
  transaction.started = now;
  transaction.client_bytes_before = written_bytes;
  proto::TrafficEvent& event = transaction.event;
  event.set_started_at_us(to_us(std::chrono::system_clock::now().time_since_epoch()));
  const std::string_view address = client.address.address.packed();
  event.set_client_address(address.data(), address.size());
  event.set_client_port(client.address.port);
  event.set_connection_id(client.connection_id);
  event.set_request_number(request_number);
  event.set_worker_id(client.worker_id);
}

void enter_rule(const Verdict& verdict, proto::TrafficEvent& event) {
  if (!verdict.rule.empty()) {
    event.set_rule(verdict.rule);
    event.set_rule_list(verdict.rule_list);
    event.set_rule_line(verdict.rule_line);
    event.set_would_block(verdict.would_block());
  }
}

void enter_changes(const http1::HeadChanges& changes, proto::HeadChanges& entry) {
  entry.mutable_steps()->Assign(changes.steps().begin(), changes.steps().end());
  entry.set_text(changes.text().data(), changes.text().size());
}

void note_answer(unsigned status, net::TimePoint now, Transaction& transaction) {
  transaction.event.set_status(status);
  transaction.event.set_ttfb_us(to_us(now - transaction.started));
}

traffic::ByteCount bytes_so_far(const Transaction& transaction, std::uint64_t written_bytes) {
  const std::uint64_t head_bytes = transaction.event.bytes_received();
  const std::uint64_t sent_to_client = written_bytes - transaction.client_bytes_before;
  if (!transaction.tunnel) {
    return {sent_to_client, head_bytes + transaction.exchange.request().raw_bytes()};
  }
  // A CONNECT counts what went through the tunnel alone; after an upgrade the heads belong to the request, too.
  const Tunnel& tunnel = *transaction.tunnel;
  const bool is_connect = transaction.is_tunnel_request();
  return {is_connect ? tunnel.origin_to_client_bytes() : sent_to_client, (is_connect ? 0 : head_bytes) + tunnel.client_to_origin_bytes()};
}

std::uint64_t duration_us(const Transaction& transaction, net::TimePoint now) { return to_us(now - transaction.started); }

void close_record(proto::Outcome outcome, proto::Fault fault, std::uint64_t written_bytes, net::TimePoint now, Transaction& transaction) {
  proto::TrafficEvent& event = transaction.event;
  event.set_duration_us(duration_us(transaction, now));
  event.set_outcome(outcome);
  event.set_fault(fault);
  const std::string_view token = text_of(transaction.reason).token;
  event.set_reason(token.data(), token.size());
  const traffic::ByteCount bytes = bytes_so_far(transaction, written_bytes);
  event.set_bytes_sent(bytes.sent);
  event.set_bytes_received(bytes.received);
  if (transaction.tunnel) {
    event.set_response_body_bytes(transaction.tunnel->origin_to_client_bytes());
    event.set_request_body_bytes(transaction.tunnel->client_to_origin_bytes());
    return;
  }
  event.set_request_body_bytes(transaction.exchange.request().content_bytes());
  if (event.response_body_bytes() == 0) {  // An answer of our own has set it.
    event.set_response_body_bytes(transaction.exchange.response().content_bytes());
  }
}

}  // namespace weir::session
