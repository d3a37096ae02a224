#include "collector/traffic_record.h"

#include <algorithm>
#include <limits>

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

std::string address_text(const std::string& octets) {
  const auto address = base::IpAddress::from_octets(octets);
  return address ? address->to_string() : std::string();
}

// A value that a newer worker may know and we do not becomes `unknown`.
template <class Enum>
Enum known(int value, Enum last, Enum unknown) {
  return value >= 0 && value <= static_cast<int>(last) ? static_cast<Enum>(value) : unknown;
}

store::Scheme scheme_of(const std::string& text) {
  return text == "https" ? store::Scheme::Https : text == "http" ? store::Scheme::Http : store::Scheme::Unknown;
}

}  // namespace

struct RecordDecoder::Message {
  proto::TrafficEvent event;
};

RecordDecoder::RecordDecoder() : message_(std::make_unique<Message>()) {}
RecordDecoder::~RecordDecoder() = default;

const TrafficRecord& RecordDecoder::decode(std::span<const std::byte> event, std::int64_t now_us) {
  if (message_->event.ParseFromArray(event.data(), static_cast<int>(event.size()))) {
    take_message(now_us);
  } else {
    record_ = TrafficRecord{};
    record_.completed_at_us = now_us;
    record_.fault = store::Fault::Proxy;
    record_.reason = kUnreadableRecord;
  }
  return record_;
}

void RecordDecoder::take_tls_offer(std::uint32_t version, const std::string& alpn) {
  record_.tls_offer.clear();
  if (version != 0) {
    record_.tls_offer = version > 0x0300 && version <= 0x03ff ? "TLS 1." + std::to_string((version & 0xff) - 1) : "SSL 3.0";
    record_.tls_offer.append(alpn.empty() ? "" : ", ").append(alpn);
  }
}

void RecordDecoder::take_message(std::int64_t now_us) {
  const proto::TrafficEvent& event = message_->event;
  record_.kind = event.kind() == proto::PROGRESS ? RecordKind::Progress : RecordKind::Request;
  record_.completed_at_us = completion_time(event.started_at_us(), event.duration_us(), now_us);
  record_.duration_us = clamp(event.duration_us());
  record_.ttfb_us = event.has_ttfb_us() ? std::optional(clamp(event.ttfb_us())) : std::nullopt;
  record_.client_address = address_text(event.client_address());
  record_.client_port = event.client_port();
  record_.origin_address = address_text(event.origin_address());
  record_.method = event.method();
  record_.scheme = scheme_of(event.scheme());
  record_.host = event.host();
  record_.port = event.port();
  record_.path = event.path();
  record_.status = event.status();
  record_.outcome = known(event.outcome(), store::Outcome::Interrupted, store::Outcome::Unknown);
  record_.fault = known(event.fault(), store::Fault::Policy, store::Fault::Nobody);
  record_.reason = event.reason();
  record_.rule = event.rule();
  record_.rule_list = event.rule_list();
  record_.rule_line = event.rule_line();
  record_.would_block = event.would_block();
  record_.policy_version = event.policy_version();
  record_.requests_in_window = event.requests_in_window();
  record_.bytes_sent = clamp(event.bytes_sent());
  record_.bytes_received = clamp(event.bytes_received());
  record_.told_bytes_sent = clamp(event.told_bytes_sent());
  record_.told_bytes_received = clamp(event.told_bytes_received());
  record_.response_body_bytes = clamp(event.response_body_bytes());
  record_.request_body_bytes = clamp(event.request_body_bytes());
  record_.incoming_head = event.incoming_head();
  record_.modified_head = event.modified_head();
  record_.origin_head = event.origin_head();
  record_.sent_head = event.sent_head();
  record_.user_agent = event.user_agent();
  record_.content_type = event.content_type();
  record_.user = event.user();
  record_.tls_server_name = event.tls_server_name();
  take_tls_offer(event.tls_version(), event.tls_alpn());
  record_.worker_id = event.worker_id();
  record_.connection_id = clamp(event.connection_id());
  record_.request_number = event.request_number();
}

}  // namespace weir::collector
