#include "collector/traffic_record.h"

#include <algorithm>
#include <limits>

#include "collector/wire_fields.h"
#include "common/base/ip_address.h"
#include "traffic_event.pb.h"

namespace weir::collector {

namespace {

// 9999-12-31T23:59:59.999999Z: what comes later has no ISO 8601 text of the usual width.
constexpr std::int64_t kTimeMaxUs = 253'402'300'799'999'999;

template <class Ours, class Theirs>
constexpr bool is_same(Ours ours, Theirs theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(is_same(store::Outcome::Unknown, proto::OUTCOME_UNSPECIFIED) && is_same(store::Outcome::Served, proto::SERVED) &&
              is_same(store::Outcome::Refused, proto::REFUSED) && is_same(store::Outcome::RateLimited, proto::RATE_LIMITED) &&
              is_same(store::Outcome::Failed, proto::FAILED) && is_same(store::Outcome::CutOff, proto::CUT_OFF) &&
              is_same(store::Outcome::Interrupted, proto::INTERRUPTED));
static_assert(is_same(store::Fault::Nobody, proto::NOBODY) && is_same(store::Fault::Client, proto::CLIENT) &&
              is_same(store::Fault::Origin, proto::ORIGIN) && is_same(store::Fault::Proxy, proto::PROXY) &&
              is_same(store::Fault::Policy, proto::POLICY));

// SQLite's integers are signed; no true value comes near the limit.
std::int64_t clamp(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max()));
}

std::int64_t completion_time(std::uint64_t started_at_us, std::uint64_t duration_us, std::int64_t now_us) {
  constexpr auto kMax = static_cast<std::uint64_t>(kTimeMaxUs);
  const bool is_usable = started_at_us > 0 && started_at_us <= kMax && duration_us <= kMax - started_at_us;
  return is_usable ? static_cast<std::int64_t>(started_at_us + duration_us) : now_us;
}

std::string address_text(std::string_view octets) {
  const auto address = base::IpAddress::from_octets(octets);
  return address ? address->to_string() : std::string();
}

// A value that a newer worker may know and we do not becomes `unknown`.
template <class Enum>
Enum known(std::uint64_t value, Enum last, Enum unknown) {
  return value <= static_cast<std::uint64_t>(last) ? static_cast<Enum>(value) : unknown;
}

store::Scheme scheme_of(std::string_view text) {
  return text == "https" ? store::Scheme::Https : text == "http" ? store::Scheme::Http : store::Scheme::Unknown;
}

// What a record's time of completion and its TLS offer are made of.
struct Parts {
  std::uint64_t started_at_us = 0;
  std::uint64_t duration_us = 0;
  std::uint32_t tls_version = 0;
  std::string_view tls_alpn;
};

// "TLS 1.3, h2,http/1.1"; empty without a ClientHello.
std::string tls_offer_text(std::uint32_t version, std::string_view alpn) {
  if (version == 0) {
    return {};
  }
  std::string text = version > 0x0300 && version <= 0x03ff ? "TLS 1." + std::to_string((version & 0xff) - 1) : "SSL 3.0";
  return text.append(alpn.empty() ? "" : ", ").append(alpn);
}

std::uint32_t narrow(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

void take_number(TrafficRecord& record, Parts& parts, std::uint32_t number, std::uint64_t value) {
  using Event = proto::TrafficEvent;
  switch (number) {
    case Event::kStartedAtUsFieldNumber:
      parts.started_at_us = value;
      return;
    case Event::kDurationUsFieldNumber:
      parts.duration_us = value;
      return;
    case Event::kTtfbUsFieldNumber:
      record.ttfb_us = clamp(value);
      return;
    case Event::kClientPortFieldNumber:
      record.client_port = narrow(value);
      return;
    case Event::kPortFieldNumber:
      record.port = narrow(value);
      return;
    case Event::kStatusFieldNumber:
      record.status = narrow(value);
      return;
    case Event::kOutcomeFieldNumber:
      record.outcome = known(narrow(value), store::Outcome::Interrupted, store::Outcome::Unknown);
      return;
    case Event::kFaultFieldNumber:
      record.fault = known(narrow(value), store::Fault::Policy, store::Fault::Nobody);
      return;
    case Event::kRequestsInWindowFieldNumber:
      record.requests_in_window = narrow(value);
      return;
    case Event::kBytesSentFieldNumber:
      record.bytes_sent = clamp(value);
      return;
    case Event::kBytesReceivedFieldNumber:
      record.bytes_received = clamp(value);
      return;
    case Event::kResponseBodyBytesFieldNumber:
      record.response_body_bytes = clamp(value);
      return;
    case Event::kRequestBodyBytesFieldNumber:
      record.request_body_bytes = clamp(value);
      return;
    case Event::kWorkerIdFieldNumber:
      record.worker_id = narrow(value);
      return;
    case Event::kConnectionIdFieldNumber:
      record.connection_id = clamp(value);
      return;
    case Event::kRequestNumberFieldNumber:
      record.request_number = narrow(value);
      return;
    case Event::kKindFieldNumber:
      record.kind = narrow(value) == proto::PROGRESS ? RecordKind::Progress : RecordKind::Request;
      return;
    case Event::kToldBytesSentFieldNumber:
      record.told_bytes_sent = clamp(value);
      return;
    case Event::kToldBytesReceivedFieldNumber:
      record.told_bytes_received = clamp(value);
      return;
    case Event::kTlsVersionFieldNumber:
      parts.tls_version = narrow(value);
      return;
    default:
      return;  // a newer worker's
  }
}

void take_octets(TrafficRecord& record, Parts& parts, std::uint32_t number, std::string_view octets) {
  using Event = proto::TrafficEvent;
  switch (number) {
    case Event::kClientAddressFieldNumber:
      record.client_address = address_text(octets);
      return;
    case Event::kOriginAddressFieldNumber:
      record.origin_address = address_text(octets);
      return;
    case Event::kMethodFieldNumber:
      record.method = octets;
      return;
    case Event::kSchemeFieldNumber:
      record.scheme = scheme_of(octets);
      return;
    case Event::kHostFieldNumber:
      record.host = octets;
      return;
    case Event::kPathFieldNumber:
      record.path = octets;
      return;
    case Event::kReasonFieldNumber:
      record.reason = octets;
      return;
    case Event::kRuleFieldNumber:
      record.rule = octets;
      return;
    case Event::kRuleListFieldNumber:
      record.rule_list = octets;
      return;
    case Event::kIncomingHeadFieldNumber:
      record.incoming_head = octets;
      return;
    case Event::kModifiedHeadFieldNumber:
      record.modified_head = octets;
      return;
    case Event::kOriginHeadFieldNumber:
      record.origin_head = octets;
      return;
    case Event::kSentHeadFieldNumber:
      record.sent_head = octets;
      return;
    case Event::kUserAgentFieldNumber:
      record.user_agent = octets;
      return;
    case Event::kContentTypeFieldNumber:
      record.content_type = octets;
      return;
    case Event::kUserFieldNumber:
      record.user = octets;
      return;
    case Event::kTlsServerNameFieldNumber:
      record.tls_server_name = octets;
      return;
    case Event::kTlsAlpnFieldNumber:
      parts.tls_alpn = octets;
      return;
    default:
      return;  // a newer worker's
  }
}

TrafficRecord unreadable_record(std::int64_t now_us) {
  TrafficRecord record;
  record.completed_at_us = now_us;
  record.fault = store::Fault::Proxy;
  record.reason = kUnreadableRecord;
  return record;
}

}  // namespace

TrafficRecord decode_record(std::span<const std::byte> event, std::int64_t now_us) {
  TrafficRecord record;
  Parts parts;
  WireFields fields(event);
  while (const auto field = fields.next()) {
    if (field->is_number) {
      take_number(record, parts, field->number, field->value);
    } else {
      take_octets(record, parts, field->number, field->octets);
    }
  }
  if (!fields.is_whole()) {
    return unreadable_record(now_us);
  }
  record.duration_us = clamp(parts.duration_us);
  record.tls_offer = tls_offer_text(parts.tls_version, parts.tls_alpn);
  record.completed_at_us = completion_time(parts.started_at_us, parts.duration_us, now_us);
  return record;
}

}  // namespace weir::collector
