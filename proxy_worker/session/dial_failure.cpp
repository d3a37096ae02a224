#include "proxy_worker/session/dial_failure.h"

#include <cstring>

namespace weir::session {

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
  return {.reason = Reason::ConnectFailure, .detail = where + ": " + std::strerror(error) + "."};
}

}  // namespace weir::session
