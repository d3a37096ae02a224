// One event of a worker as the collector works with it: plain values, independent of protobuf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "collector/head_changes.h"
#include "common/store/outcome.h"

namespace weir::collector {

enum class RecordKind : std::uint8_t {
  Request,   // one that is over
  Progress,  // of one that goes on: octets since the last such record
};

// proto/traffic_event.proto explains each field. Text is borrowed from the event, addresses from the decoder; it came from the
// network and may hold any octets.
struct TrafficRecord {
  RecordKind kind = RecordKind::Request;
  std::int64_t completed_at_us = 0;  // since the Unix epoch; always a time between 1970 and 9999
  std::int64_t duration_us = 0;
  std::optional<std::int64_t> ttfb_us;
  std::string_view client_address;  // text; empty when unknown
  std::uint32_t client_port = 0;
  std::string_view origin_address;  // text; empty when there was no connection
  std::string_view method;
  store::Scheme scheme = store::Scheme::Unknown;
  std::string_view host;
  std::uint32_t port = 0;
  std::string_view path;
  std::uint32_t status = 0;
  store::Outcome outcome = store::Outcome::Unknown;
  store::Fault fault = store::Fault::Nobody;
  std::string_view reason;
  std::string_view rule;
  std::string_view rule_list;
  std::uint32_t rule_line = 0;  // 0: the list is no file
  bool would_block = false;     // the rule was only observed
  std::string_view policy_version;  // empty when there were no rules
  std::uint32_t requests_in_window = 0;
  std::int64_t bytes_sent = 0;
  std::int64_t bytes_received = 0;
  std::int64_t told_bytes_sent = 0;  // of bytes_sent, in progress records before
  std::int64_t told_bytes_received = 0;
  std::int64_t response_body_bytes = 0;
  std::int64_t request_body_bytes = 0;
  std::string_view incoming_head;
  HeadChanges modified_head;  // made of incoming_head, which they fit
  std::string_view origin_head;
  std::string_view sent_head;  // an answer of our own; else
  HeadChanges relayed_head;    // made of origin_head, which they fit
  std::string_view user_agent;
  std::string_view content_type;
  std::string_view user;
  std::string_view tls_server_name;
  std::string tls_offer;  // "TLS 1.3, h2,http/1.1": version and protocols; empty when there was no ClientHello
  std::uint32_t worker_id = 0;
  std::int64_t connection_id = 0;
  std::uint32_t request_number = 0;
};

// The reason of the record that stands for an event which could not be read.
inline constexpr std::string_view kUnreadableRecord = "unreadable_record";

// Reads events as they come over the wire (proto/traffic_event.proto), without a copy of their texts.
class RecordDecoder {
 public:
  // Always gives a record, so that each sequence number has its row: for an event that does not parse, one with outcome
  // Unknown and reason unreadable_record. `now_us` is the time of completion where the event has no usable one. The record
  // is valid until the next one is decoded, and as long as `event` lives.
  const TrafficRecord& decode(std::span<const std::byte> event, std::int64_t now_us);

 private:
  struct Parts;
  // The text of one address after another, which most often are the same.
  class AddressText {
   public:
    // Empty when `octets` are no address; valid until the next call.
    std::string_view of(std::string_view octets);

   private:
    std::string octets_;
    std::string text_;
  };
  void take_fields(std::string_view event, std::int64_t now_us);
  void take_number(int field, std::uint64_t value, Parts& parts);
  void take_text(int field, std::string_view octets, Parts& parts);
  void take_tls_offer(std::uint32_t version, std::string_view alpn);

  TrafficRecord record_;
  AddressText client_text_;
  AddressText origin_text_;
};

}  // namespace weir::collector
