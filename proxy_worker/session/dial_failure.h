// What a client is told when no connection to its origin could be made.
#pragma once

#include "proxy_worker/http1/request_target.h"
#include "proxy_worker/net/origin_dialer.h"
#include "proxy_worker/session/answer.h"

namespace weir::session {

// `error`: errno of the last attempt, 0 when there was none.
Answer answer_of(net::DialFailure failure, int error, const http1::Authority& authority);

}  // namespace weir::session
