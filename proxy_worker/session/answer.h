// The complete response that Weir itself gives when it refuses a request or when an origin failed: framed, with a body
// that says in HTML or JSON what happened and whose fault it is, and with Proxy-Status (RFC 9209). And what it answers to
// a question about itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy_worker/http1/field.h"
#include "proxy_worker/session/reason.h"

namespace weir::session {

struct Answer {
  Reason reason = Reason::None;
  std::string detail = {};                     // one more sentence for the person: what exactly
  std::chrono::microseconds retry_after{0};    // 429 only
  std::uint32_t limit_requests = 0;            // RateLimit only: requests in any window of
  std::chrono::milliseconds limit_window{0};   // this length
  std::string_view proxy_status = {};          // RFC 9209 error type and parameters, where more is known than the reason says
  std::string content = {};                    // AnsweredByProxy: the request that TRACE gives back; else empty
};

// What of the request decides the answer's form.
struct AnswerForm {
  bool has_body = true;        // not for HEAD
  bool prefers_json = false;
  bool is_http_1_0 = false;
  bool keeps_connection = false;
  std::string_view date = {};  // of now
};

// Whether Accept ranks JSON above HTML (RFC 9110 section 12.5.1); of two with the same weight the first.
bool prefers_json(http1::Fields request_fields);

struct AnswerText {
  std::string head;
  std::string body;
};
AnswerText write_answer(const Answer& answer, const AnswerForm& form);

}  // namespace weir::session
