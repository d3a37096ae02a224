// Checks a parsed request head as an intermediary must (RFC 9112 sections 3.2, 6 and 11.2) before anything is done with
// it, and notes in the transaction what was asked. Pure.
#pragma once

#include <optional>

#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/session/answer.h"
#include "proxy_worker/session/transaction.h"

namespace weir::session {

// The answer when the request cannot go on; nothing when it can.
std::optional<Answer> review_request(const http1::RequestHead& head, Transaction& transaction);

Reason reason_of(http1::HeadError error);

}  // namespace weir::session
