// Proactive negotiation by the Accept field (RFC 9110 section 12.5.1).
#pragma once

#include <string_view>

#include "proxy_worker/http1/field.h"

namespace weir::http1 {

// Whether the sender ranks `wanted` above `other` (media types in lower case); of two with the same weight, the one that
// it named first. False when it does not mention `wanted` at all.
bool accepts_rather(Fields fields, std::string_view wanted, std::string_view other);

}  // namespace weir::http1
