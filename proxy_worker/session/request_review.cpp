#include "proxy_worker/session/request_review.h"

#include <algorithm>

#include "common/base/quantity.h"
#include "proxy_worker/http1/head_writer.h"

namespace weir::session {

namespace {

using http1::FieldId;

constexpr std::uint16_t kHttpPort = 80;
// A request that has been through this many proxies of our name goes round in a circle.
constexpr int kOwnViaMax = 8;
constexpr std::uint64_t kForwardsMax = 255;

Answer malformed(std::string_view detail) { return {.reason = Reason::MalformedRequest, .detail = std::string(detail)}; }

// Exactly one valid Host in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 section 3.2).
std::optional<Answer> review_host(const http1::RequestHead& head) {
  const std::size_t count = http1::count_fields(head.fields, FieldId::Host);
  if (count > 1) {
    return malformed("There is more than one Host field.");
  }
  if (count == 0) {
    return head.minor_version == 0 ? std::nullopt : std::optional(malformed("The Host field is missing."));
  }
  http1::Authority host;
  const http1::Field* field = http1::find_field(head.fields, FieldId::Host);
  if (!field->value.empty() && !http1::parse_authority(field->value, kHttpPort, host)) {
    return malformed("The Host field is not a valid host.");
  }
  return std::nullopt;
}

// Whether the client's connection may serve another request (RFC 9112 section 9.3). Old clients say Proxy-Connection.
bool client_persists(const http1::RequestHead& head) {
  const auto says = [&](std::string_view token) {
    return http1::lists_token(head.fields, FieldId::Connection, token) || http1::lists_token(head.fields, FieldId::ProxyConnection, token);
  };
  return head.minor_version >= 1 ? !says("close") : says("keep-alive") && !says("close");
}

std::optional<Answer> review_framing(const http1::RequestHead& head, Transaction& transaction) {
  const auto error = http1::request_framing(head, transaction.request_framing);
  if (error != http1::FramingError::None) {
    const Reason reason = error == http1::FramingError::UnsupportedTransferCoding ? Reason::UnsupportedCoding : Reason::MalformedRequest;
    return Answer{.reason = reason, .detail = std::string(http1::describe(error)) + "."};
  }
  const http1::BodyFraming& framing = transaction.request_framing;
  if (head.method == "CONNECT" && (framing.kind == http1::BodyKind::Chunked || framing.length > 0)) {
    return malformed("A CONNECT request has no body.");
  }
  return std::nullopt;
}

void note(const http1::RequestHead& head, Transaction& transaction) {
  transaction.client_minor_version = head.minor_version;
  transaction.client_keeps_alive = client_persists(head);
  transaction.prefers_json = prefers_json(head.fields);
  // An upgrade to h2c needs HTTP2-Settings, which ends at this hop; it is not offered on (RFC 9113 section 3.1).
  transaction.wants_upgrade = head.minor_version >= 1 && http1::find_field(head.fields, FieldId::Upgrade) != nullptr &&
                              http1::lists_token(head.fields, FieldId::Connection, "upgrade") &&
                              !http1::lists_token(head.fields, FieldId::Upgrade, "h2c");
  proto::TrafficEvent& event = transaction.event;
  event.set_method(head.method.data(), head.method.size());
  if (const http1::Field* agent = http1::find_field(head.fields, FieldId::UserAgent)) {
    event.set_user_agent(agent->value.data(), agent->value.size());
  }
}

// OPTIONS and TRACE may say how far they go; what cannot go further ends here (RFC 9110 section 7.6.2).
std::optional<Answer> review_max_forwards(const http1::RequestHead& head, Transaction& transaction) {
  const bool is_diagnostic = head.method == "OPTIONS" || head.method == "TRACE";
  const http1::Field* field = is_diagnostic ? http1::find_field(head.fields, FieldId::MaxForwards) : nullptr;
  if (field == nullptr) {
    return std::nullopt;
  }
  if (field->value.empty() || !http1::all_in(field->value, http1::character_class::kDigit) ||
      http1::count_fields(head.fields, FieldId::MaxForwards) > 1) {
    return malformed("Max-Forwards is not one number.");
  }
  const std::uint64_t hops = base::parse_decimal(field->value, kForwardsMax).value_or(kForwardsMax);
  transaction.is_for_proxy = transaction.is_for_proxy || hops == 0;
  transaction.max_forwards = hops == 0 ? 0 : static_cast<std::uint32_t>(hops - 1);
  return std::nullopt;
}

// Via members that name this proxy (RFC 9110 section 7.6.3): received-protocol RWS received-by [ RWS comment ].
int count_own_via(http1::Fields fields) {
  int count = 0;
  for (const http1::Field& field : fields) {
    if (field.id == FieldId::Via) {
      http1::for_each_list_element(field.value, [&](std::string_view member) {
        member.remove_prefix(std::min(member.find_first_of(" \t"), member.size()));
        member = http1::trim_optional_white_space(member);
        count += member.substr(0, member.find_first_of(" \t")) == http1::kPseudonym ? 1 : 0;
        return true;
      });
    }
  }
  return count;
}

void note_target(const http1::RequestTarget& target, proto::TrafficEvent& event) {
  if (target.form == http1::TargetForm::Asterisk) {
    event.set_scheme("http");
    event.set_path("*");
    return;
  }
  const bool is_tunnel = target.form == http1::TargetForm::Authority;
  event.set_scheme(is_tunnel ? "https" : "http");
  event.set_host(target.authority.host);
  event.set_port(target.authority.port);
  event.set_path(target.path_and_query.data(), target.path_and_query.size());
}

}  // namespace

Reason reason_of(http1::HeadError error) {
  switch (error) {
    case http1::HeadError::None:
      return Reason::None;
    case http1::HeadError::BadVersion:
      return Reason::UnsupportedVersion;
    case http1::HeadError::TooManyFields:
      return Reason::HeadTooLarge;
    case http1::HeadError::TargetTooLong:
      return Reason::TargetTooLong;
    case http1::HeadError::BadStartLine:
    case http1::HeadError::BadField:
      return Reason::MalformedRequest;
  }
  return Reason::MalformedRequest;
}

std::optional<Answer> review_request(const http1::RequestHead& head, Transaction& transaction) {
  note(head, transaction);
  transaction.is_for_proxy = head.target == "*";
  const auto target_error = http1::parse_request_target(head.method, head.target, transaction.target);
  if (target_error != http1::TargetError::None) {
    transaction.client_keeps_alive = false;
    return malformed(std::string(http1::describe(target_error)) + ".");
  }
  if (auto problem = review_host(head)) {
    return problem;
  }
  if (auto problem = review_framing(head, transaction)) {
    return problem;
  }
  if (transaction.target.form == http1::TargetForm::Origin) {
    return Answer{.reason = Reason::NotForProxy};
  }
  note_target(transaction.target, transaction.event);
  if (count_own_via(head.fields) >= kOwnViaMax) {
    return Answer{.reason = Reason::RequestLoop, .detail = "The request has been here many times."};
  }
  return review_max_forwards(head, transaction);
}

}  // namespace weir::session
