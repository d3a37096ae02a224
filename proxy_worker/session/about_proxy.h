// Requests that the proxy itself is the last recipient of: OPTIONS and TRACE with Max-Forwards 0, and "OPTIONS *".
#pragma once

#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/session/answer.h"

namespace weir::session {

// What the proxy says: the methods that it forwards, or the request as it arrived (RFC 9110 sections 9.3.7 and 9.3.8).
Answer answer_about_proxy(const http1::RequestHead& head);

}  // namespace weir::session
