#include "proxy_worker/session/dial_failure.h"

#include <cerrno>
#include <cstring>

namespace weir::session {

namespace {

// RFC 9209 sections 2.3.5 and 2.3.6; empty: the reason's own.
std::string_view proxy_status_of(int connect_error) {
  switch (connect_error) {
    case ECONNREFUSED:
      return "connection_refused";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "destination_ip_unroutable";
    default:
      return {};
  }
}

}  // namespace

Answer answer_of(net::DialFailure failure, int error, const http1::Authority& authority) {
  const std::string where = authority.to_string(0);
  switch (failure) {
    case net::DialFailure::None:
      break;
    case net::DialFailure::NoSuchName:
      return {.reason = Reason::DnsFailure, .detail = "There is no site of the name " + authority.host + "."};
    case net::DialFailure::NameFailed:
      return {.reason = Reason::DnsFailure, .detail = "The name service could not answer for " + authority.host + "."};
    case net::DialFailure::NameTimedOut:
      return {.reason = Reason::DnsTimeout, .detail = "The name service did not answer for " + authority.host + "."};
    case net::DialFailure::NotPermitted:
      return {.reason = Reason::DestinationNotAllowed, .detail = where + " leads to an address that is not allowed."};
    case net::DialFailure::IsProxyItself:
      return {.reason = Reason::RequestLoop, .detail = where + " is this proxy."};
    case net::DialFailure::ConnectTimedOut:
      return {.reason = Reason::ConnectTimeout, .detail = where + " did not answer."};
    case net::DialFailure::NoDescriptors:
      return {.reason = Reason::OutOfDescriptors};
    case net::DialFailure::ConnectFailed:
      break;
  }
  return {.reason = Reason::ConnectFailure, .detail = where + ": " + std::strerror(error) + ".", .proxy_status = proxy_status_of(error)};
}

}  // namespace weir::session
