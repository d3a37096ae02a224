#include "collector/traffic_record.h"

#include <algorithm>
#include <limits>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

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

// A value that a newer worker may know and we do not becomes `unknown`.
template <class Enum>
Enum known(int value, Enum last, Enum unknown) {
  return value >= 0 && value <= static_cast<int>(last) ? static_cast<Enum>(value) : unknown;
}

store::Scheme scheme_of(std::string_view text) {
  return text == "https" ? store::Scheme::Https : text == "http" ? store::Scheme::Http : store::Scheme::Unknown;
}

}  // namespace

// What becomes part of a record only together with something else.
struct RecordDecoder::Parts {
  std::uint64_t started_at_us = 0;
  std::uint64_t duration_us = 0;
  std::string_view tls_alpn;
  std::uint32_t tls_version = 0;
};

std::string_view RecordDecoder::AddressText::of(std::string_view octets) {
  if (octets != octets_) {
    const auto address = base::IpAddress::from_octets(octets);
    text_ = address ? address->to_string() : std::string();
    octets_ = octets;
  }
  return text_;
}

const TrafficRecord& RecordDecoder::decode(std::span<const std::byte> event, std::int64_t now_us) {
  bool is_readable = false;
  record_ = TrafficRecord{};
  try {
    take_fields({reinterpret_cast<const char*>(event.data()), event.size()}, now_us);
    is_readable = record_.modified_head.fit(record_.incoming_head.size()) && record_.relayed_head.fit(record_.origin_head.size());
  } catch (const protozero::exception&) {
  }
  if (!is_readable) {
    record_ = TrafficRecord{};
    record_.completed_at_us = now_us;
    record_.fault = store::Fault::Proxy;
    record_.reason = kUnreadableRecord;
  }
  return record_;
}

// As protobuf has it: of a field that comes twice the last counts, and what is not known, or not of its type, is skipped.
void RecordDecoder::take_fields(std::string_view event, std::int64_t now_us) {
  Parts parts;
  protozero::pbf_reader reader(event.data(), event.size());
  while (reader.next()) {
    const auto field = static_cast<int>(reader.tag());
    switch (reader.wire_type()) {
      case protozero::pbf_wire_type::varint:
        take_number(field, reader.get_uint64(), parts);
        break;
      case protozero::pbf_wire_type::length_delimited: {
        const protozero::data_view octets = reader.get_view();
        take_text(field, {octets.data(), octets.size()}, parts);
        break;
      }
      default:
        reader.skip();
    }
  }
  record_.completed_at_us = completion_time(parts.started_at_us, parts.duration_us, now_us);
  record_.duration_us = clamp(parts.duration_us);
  take_tls_offer(parts.tls_version, parts.tls_alpn);
}

void RecordDecoder::take_number(int field, std::uint64_t value, Parts& parts) {
  using Event = proto::TrafficEvent;
  const auto value_32 = static_cast<std::uint32_t>(value);
  const auto enumerator = static_cast<int>(value_32);
  switch (field) {
    case Event::kStartedAtUsFieldNumber: parts.started_at_us = value; break;
    case Event::kDurationUsFieldNumber: parts.duration_us = value; break;
    case Event::kTtfbUsFieldNumber: record_.ttfb_us = clamp(value); break;
    case Event::kClientPortFieldNumber: record_.client_port = value_32; break;
    case Event::kPortFieldNumber: record_.port = value_32; break;
    case Event::kStatusFieldNumber: record_.status = value_32; break;
    case Event::kOutcomeFieldNumber:
      record_.outcome = known(enumerator, store::Outcome::Interrupted, store::Outcome::Unknown);
      break;
    case Event::kFaultFieldNumber: record_.fault = known(enumerator, store::Fault::Policy, store::Fault::Nobody); break;
    case Event::kRequestsInWindowFieldNumber: record_.requests_in_window = value_32; break;
    case Event::kBytesSentFieldNumber: record_.bytes_sent = clamp(value); break;
    case Event::kBytesReceivedFieldNumber: record_.bytes_received = clamp(value); break;
    case Event::kResponseBodyBytesFieldNumber: record_.response_body_bytes = clamp(value); break;
    case Event::kRequestBodyBytesFieldNumber: record_.request_body_bytes = clamp(value); break;
    case Event::kWorkerIdFieldNumber: record_.worker_id = value_32; break;
    case Event::kConnectionIdFieldNumber: record_.connection_id = clamp(value); break;
    case Event::kRequestNumberFieldNumber: record_.request_number = value_32; break;
    case Event::kKindFieldNumber: record_.kind = enumerator == proto::PROGRESS ? RecordKind::Progress : RecordKind::Request; break;
    case Event::kToldBytesSentFieldNumber: record_.told_bytes_sent = clamp(value); break;
    case Event::kToldBytesReceivedFieldNumber: record_.told_bytes_received = clamp(value); break;
    case Event::kTlsVersionFieldNumber: parts.tls_version = value_32; break;
    case Event::kRuleLineFieldNumber: record_.rule_line = value_32; break;
    case Event::kWouldBlockFieldNumber: record_.would_block = value != 0; break;
    default: break;
  }
}

void RecordDecoder::take_text(int field, std::string_view octets, Parts& parts) {
  using Event = proto::TrafficEvent;
  switch (field) {
    case Event::kClientAddressFieldNumber: record_.client_address = client_text_.of(octets); break;
    case Event::kOriginAddressFieldNumber: record_.origin_address = origin_text_.of(octets); break;
    case Event::kMethodFieldNumber: record_.method = octets; break;
    case Event::kSchemeFieldNumber: record_.scheme = scheme_of(octets); break;
    case Event::kHostFieldNumber: record_.host = octets; break;
    case Event::kPathFieldNumber: record_.path = octets; break;
    case Event::kReasonFieldNumber: record_.reason = octets; break;
    case Event::kRuleFieldNumber: record_.rule = octets; break;
    case Event::kRuleListFieldNumber: record_.rule_list = octets; break;
    case Event::kIncomingHeadFieldNumber: record_.incoming_head = octets; break;
    case Event::kModifiedHeadFieldNumber: record_.modified_head = HeadChanges(octets); break;
    case Event::kOriginHeadFieldNumber: record_.origin_head = octets; break;
    case Event::kSentHeadFieldNumber: record_.sent_head = octets; break;
    case Event::kRelayedHeadFieldNumber: record_.relayed_head = HeadChanges(octets); break;
    case Event::kUserAgentFieldNumber: record_.user_agent = octets; break;
    case Event::kContentTypeFieldNumber: record_.content_type = octets; break;
    case Event::kUserFieldNumber: record_.user = octets; break;
    case Event::kTlsServerNameFieldNumber: record_.tls_server_name = octets; break;
    case Event::kTlsAlpnFieldNumber: parts.tls_alpn = octets; break;
    case Event::kPolicyVersionFieldNumber: record_.policy_version = octets; break;
    default: break;
  }
}

void RecordDecoder::take_tls_offer(std::uint32_t version, std::string_view alpn) {
  if (version != 0) {
    record_.tls_offer = version > 0x0300 && version <= 0x03ff ? "TLS 1." + std::to_string((version & 0xff) - 1) : "SSL 3.0";
    record_.tls_offer.append(alpn.empty() ? "" : ", ").append(alpn);
  }
}

}  // namespace weir::collector
