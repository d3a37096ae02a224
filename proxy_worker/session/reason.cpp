#include "proxy_worker/session/reason.h"

#include <array>

namespace weir::session {

namespace {

using proto::CLIENT;
using proto::FAILED;
using proto::NOBODY;
using proto::ORIGIN;
using proto::POLICY;
using proto::PROXY;
using proto::RATE_LIMITED;
using proto::REFUSED;
using proto::SERVED;

// In the order of the enum.
constexpr std::array kTexts{
    ReasonText{Reason::None, 200, SERVED, NOBODY, "", "", "", ""},
    ReasonText{Reason::MalformedRequest, 400, REFUSED, CLIENT, "malformed_request", "http_request_error", "The request is malformed",
               "The proxy could not understand the request. Nothing was sent on."},
    ReasonText{Reason::HeadTooLarge, 431, REFUSED, CLIENT, "head_too_large", "http_request_error", "The request head is too large",
               "The header fields of the request are larger than the proxy accepts."},
    ReasonText{Reason::TargetTooLong, 414, REFUSED, CLIENT, "target_too_long", "http_request_error", "The address is too long",
               "The address of the request is longer than the proxy accepts."},
    ReasonText{Reason::UnsupportedVersion, 505, REFUSED, CLIENT, "unsupported_version", "http_request_error",
               "This protocol version is not supported", "The proxy speaks HTTP/1.1 and HTTP/1.0 with its clients."},
    ReasonText{Reason::UnsupportedCoding, 501, REFUSED, CLIENT, "unsupported_coding", "http_request_error",
               "This transfer coding is not supported", "The proxy understands the chunked transfer coding only."},
    ReasonText{Reason::NotForProxy, 400, REFUSED, CLIENT, "not_for_proxy", "http_request_error", "This is a proxy",
               "The request was made as if to a web server. Set this address as the HTTP proxy of your program instead."},
    ReasonText{Reason::HeadTimeout, 408, REFUSED, CLIENT, "head_timeout", "http_request_error", "The request took too long",
               "The client did not send its request in time."},
    ReasonText{Reason::ClientNotAllowed, 403, REFUSED, POLICY, "client_not_allowed", "http_request_denied",
               "You may not use this proxy", "The proxy does not serve clients at your address. Its operator can allow it."},
    ReasonText{Reason::LoginRequired, 407, REFUSED, POLICY, "login_required", "http_request_denied", "You have to log in",
               "The proxy of this network serves only users that it knows. Give your program the name and the password for the proxy."},
    ReasonText{Reason::LoginRefused, 407, REFUSED, POLICY, "login_refused", "http_request_denied", "The login is not right",
               "The proxy does not know this user with this password."},
    ReasonText{Reason::LoginOverloaded, 503, FAILED, PROXY, "login_overloaded", "proxy_internal_error", "Too many logins at once",
               "The proxy has more logins to check than it can. Try again in a moment."},
    ReasonText{Reason::BlockedDomain, 403, REFUSED, POLICY, "blocked_domain", "http_request_denied", "This site is blocked",
               "The policy of this network, not the site, refuses this request."},
    ReasonText{Reason::ConnectPortNotAllowed, 403, REFUSED, POLICY, "connect_port_not_allowed", "http_request_denied",
               "This port is not allowed", "The policy of this network allows tunnels to certain ports only."},
    ReasonText{Reason::DestinationNotAllowed, 403, REFUSED, POLICY, "destination_not_allowed", "destination_ip_prohibited",
               "This destination is not allowed",
               "The name leads to an address that the policy of this network does not let the proxy connect to."},
    ReasonText{Reason::RequestLoop, 403, REFUSED, POLICY, "request_loop", "proxy_loop_detected", "The request leads back to the proxy",
               "The destination is this proxy itself."},
    ReasonText{Reason::RateLimit, 429, RATE_LIMITED, POLICY, "rate_limit", "http_request_denied", "Too many requests",
               "Your address has made as many requests as it may for now."},
    ReasonText{Reason::ConnectionLimit, 429, REFUSED, POLICY, "connection_limit", "http_request_denied", "Too many connections",
               "Your address has as many connections to the proxy open as it may."},
    ReasonText{Reason::TunnelLimit, 429, REFUSED, POLICY, "tunnel_limit", "http_request_denied", "Too many tunnels",
               "Your address has as many tunnels open as it may."},
    ReasonText{Reason::DailyLimit, 429, REFUSED, POLICY, "daily_limit", "http_request_denied", "Too much traffic today",
               "Your address has moved as much today as it may."},
    ReasonText{Reason::DnsFailure, 502, FAILED, ORIGIN, "dns_failure", "dns_error", "The site's name was not found",
               "The name of the site could not be resolved to an address."},
    ReasonText{Reason::DnsTimeout, 504, FAILED, ORIGIN, "dns_timeout", "dns_timeout", "The site's name was not found in time",
               "The name service did not answer in time."},
    ReasonText{Reason::ConnectFailure, 502, FAILED, ORIGIN, "connect_failure", "destination_unavailable", "The site cannot be reached",
               "No connection to the site could be made."},
    ReasonText{Reason::ConnectTimeout, 504, FAILED, ORIGIN, "connect_timeout", "connection_timeout", "The site cannot be reached",
               "The site did not accept a connection in time."},
    ReasonText{Reason::OriginClosed, 502, FAILED, ORIGIN, "origin_closed", "connection_terminated", "The site ended the connection",
               "The site closed the connection before its answer was complete."},
    ReasonText{Reason::OriginMalformed, 502, FAILED, ORIGIN, "origin_malformed", "http_protocol_error", "The site's answer is malformed",
               "The site sent something that is not a valid HTTP response."},
    ReasonText{Reason::ResponseTimeout, 504, FAILED, ORIGIN, "response_timeout", "http_response_timeout", "The site did not answer",
               "The site took the request and did not answer in time."},
    ReasonText{Reason::BodyTimeout, 504, FAILED, ORIGIN, "body_timeout", "http_response_timeout", "The transfer came to a halt",
               "Nothing moved for too long."},
    ReasonText{Reason::ClientClosed, 400, REFUSED, CLIENT, "client_closed", "http_request_error", "The request is not complete",
               "The client ended the connection in the middle of its request."},
    ReasonText{Reason::TunnelIdleTimeout, 504, SERVED, PROXY, "tunnel_idle_timeout", "connection_timeout", "The tunnel was silent",
               "Nothing moved through the tunnel for too long."},
    ReasonText{Reason::TlsNameDiffers, 403, REFUSED, POLICY, "tls_name_differs", "http_request_denied", "The tunnel leads elsewhere",
               "The name in the TLS handshake is not the one that the tunnel was asked for."},
    ReasonText{Reason::TlsNameBlocked, 403, REFUSED, POLICY, "tls_name_blocked", "http_request_denied", "This site is blocked",
               "The policy of this network refuses the name in the TLS handshake."},
    ReasonText{Reason::Drained, 503, FAILED, PROXY, "drained", "proxy_internal_error", "The proxy is stopping",
               "The proxy was stopped before the request was complete."},
    ReasonText{Reason::OutOfDescriptors, 503, FAILED, PROXY, "out_of_descriptors", "proxy_internal_error", "The proxy is overloaded",
               "The proxy has no descriptor left for another connection. Try again in a moment."},
    ReasonText{Reason::RecordsFull, 503, FAILED, PROXY, "records_full", "proxy_internal_error", "The proxy cannot keep records",
               "Requests that could not be recorded are not served here. The operator has to look at the collector and its disk."},
    ReasonText{Reason::AnsweredByProxy, 200, SERVED, NOBODY, "answered_by_proxy", "", "", ""},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (static_cast<std::size_t>(kTexts[i].reason) != i) {
      return false;
    }
  }
  return true;
}
static_assert(is_in_order());

}  // namespace

const ReasonText& text_of(Reason reason) { return kTexts[static_cast<std::size_t>(reason)]; }

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

}  // namespace weir::session
