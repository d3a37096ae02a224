// The heads of an event as a worker enters them.
#pragma once

#include <string>

#include "traffic_event.pb.h"

namespace weir::bench {

// From a GET in absolute-form, as a client sends it. Throws when it is none.
void log_request(const std::string& head, proto::TrafficEvent& event);
// From a response with a Content-Length, as an origin sends it.
void log_response(const std::string& head, proto::TrafficEvent& event);

}  // namespace weir::bench
