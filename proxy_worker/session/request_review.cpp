#include "proxy_worker/session/request_review.h"

namespace weir::session {

namespace {

using http1::FieldId;

constexpr std::uint16_t kHttpPort = 80;

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

void note_target(const http1::RequestTarget& target, proto::TrafficEvent& event) {
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
  const http1::TargetForm form = transaction.target.form;
  if (form == http1::TargetForm::Origin || form == http1::TargetForm::Asterisk) {
    return Answer{.reason = Reason::NotForProxy};
  }
  note_target(transaction.target, transaction.event);
  return std::nullopt;
}

}  // namespace weir::session
