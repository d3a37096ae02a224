#include "bench/logged_heads.h"

#include <stdexcept>

#include "proxy_worker/http1/head_writer.h"
#include "proxy_worker/session/traffic_record.h"

namespace weir::bench {

namespace {

void check(bool is_good) {
  if (!is_good) {
    throw std::runtime_error("not the head that is needed");
  }
}

}  // namespace

void log_request(const std::string& head, proto::TrafficEvent& event) {
  http1::RequestHead request;
  http1::RequestTarget target;
  check(http1::parse_request_head(head, request) == http1::HeadError::None &&
        http1::parse_request_target(request.method, request.target, target) == http1::TargetError::None);
  http1::write_masked(http1::start_line(request.text), request.fields, *event.mutable_incoming_head());
  std::string sent;
  http1::HeadChanges changes;
  http1::write_request_head(request, {.target = target, .framing = {}}, sent, http1::ChangeLog{event.incoming_head(), changes});
  session::enter_changes(changes, *event.mutable_modified_head());
}

void log_response(const std::string& head, proto::TrafficEvent& event) {
  http1::ResponseHead response;
  check(http1::parse_response_head(head, response) == http1::HeadError::None);
  http1::write_masked(http1::start_line(response.text), response.fields, *event.mutable_origin_head());
  std::string sent;
  http1::HeadChanges changes;
  http1::write_response_head(response, {.client_framing = http1::BodyKind::Length}, sent, http1::ChangeLog{event.origin_head(), changes});
  session::enter_changes(changes, *event.mutable_relayed_head());
}

}  // namespace weir::bench
