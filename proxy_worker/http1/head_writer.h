// Writes the heads that leave the proxy: what was received, byte for byte and in its order, except what an
// intermediary must change (RFC 9110 section 7.6, RFC 9112 section 3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy_worker/http1/body_framing.h"
#include "proxy_worker/http1/head_changes.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/http1/request_target.h"

namespace weir::http1 {

// The name that this proxy gives itself in Via and Proxy-Status (RFC 9110 section 7.6.3).
inline constexpr std::string_view kPseudonym = "weir";

// The protocol that a client or an origin asked to switch to, and that we pass on (RFC 9110 section 7.8).
enum class UpgradeField { Dropped, Kept };

struct RequestForm {
  const RequestTarget& target;
  BodyFraming framing;
  UpgradeField upgrade = UpgradeField::Dropped;
  std::optional<std::uint32_t> max_forwards = {};  // the new value of Max-Forwards (RFC 9110 section 7.6.2)
};

// Where it is to be logged what a written head has of the received one: that one's text from write_masked(), and `changes`
// to fill in, so that applied to it they give the written head, masked as well.
struct ChangeLog {
  std::string_view received;
  HeadChanges& changes;
};

// Appends the request head for the origin: origin-form target, Host from the target, hop-by-hop fields gone, Via added.
void write_request_head(const RequestHead& head, const RequestForm& form, std::string& out, std::optional<ChangeLog> log = {});

// What becomes of the client's connection after the response.
enum class Persistence { KeepAlive, Close };

struct ResponseForm {
  // How the body is sent: as the origin framed it, but chunked is decoded for HTTP/1.0, and a body that ends with the
  // origin's connection is chunked for HTTP/1.1.
  BodyKind client_framing = BodyKind::None;
  unsigned client_minor_version = 1;
  Persistence persistence = Persistence::KeepAlive;
  UpgradeField upgrade = UpgradeField::Dropped;
  std::string_view date = {};  // for a final response that has no Date (RFC 9110 section 6.6.1)
};

// Appends the response head for the client. Works for interim (1xx) responses too.
void write_response_head(const ResponseHead& head, const ResponseForm& form, std::string& out, std::optional<ChangeLog> log = {});

// Appends the received request as TRACE gives it back, without what may hold secrets (RFC 9110 section 9.3.8).
void write_trace(const RequestHead& head, std::string& out);

// Appends a head as it may be logged: credentials' values masked.
void write_masked(std::string_view start_line, Fields fields, std::string& out);
std::string_view start_line(std::string_view head_text);

// Appends the trailer fields of a chunked body that may be passed on, without the empty line (RFC 9110 section 6.5.1).
void write_trailers(std::string_view trailers, std::string& out);

}  // namespace weir::http1
