// Why a request did not simply succeed: one value, and from it the status, the record's tokens, the Proxy-Status error
// (RFC 9209 section 2.3) and what a person is told. docs/records.md lists the tokens.
#pragma once

#include <cstdint>
#include <string_view>

#include "traffic_event.pb.h"

namespace weir::session {

enum class Reason : std::uint8_t {
  None,
  MalformedRequest,
  HeadTooLarge,
  TargetTooLong,
  UnsupportedVersion,
  UnsupportedCoding,
  NotForProxy,
  HeadTimeout,
  ClientNotAllowed,
  LoginRequired,
  LoginRefused,
  LoginOverloaded,
  BlockedDomain,
  ConnectPortNotAllowed,
  DestinationNotAllowed,
  RequestLoop,
  RateLimit,
  ConnectionLimit,
  TunnelLimit,
  DailyLimit,
  DnsFailure,
  DnsTimeout,
  ConnectFailure,
  ConnectTimeout,
  OriginClosed,
  OriginMalformed,
  ResponseTimeout,
  BodyTimeout,
  ClientClosed,
  TunnelIdleTimeout,
  TlsNameDiffers,
  TlsNameBlocked,
  Drained,
  OutOfDescriptors,
  RecordsFull,
  AnsweredByProxy,
};

struct ReasonText {
  Reason reason;
  unsigned status;                 // what Weir answers, where it can still answer
  proto::Outcome outcome;          // when it did answer; CUT_OFF when it could not
  proto::Fault fault;
  std::string_view token;          // in records
  std::string_view proxy_status;   // RFC 9209 error type
  std::string_view title;
  std::string_view explanation;
};

const ReasonText& text_of(Reason reason);

// The reason phrase of a status that Weir itself answers.
std::string_view reason_phrase(unsigned status);

}  // namespace weir::session
