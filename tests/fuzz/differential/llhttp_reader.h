// llhttp's reading of a message: the parser of Node.js, in its strict mode. The only place that includes llhttp.h.
#pragma once

#include <string_view>

#include "tests/fuzz/differential/message.h"

namespace weir::differential {

Message llhttp_reads_request(std::string_view bytes);
// `method` is that of the request. The connection ends behind `bytes`.
Message llhttp_reads_response(std::string_view bytes, std::string_view method);

// Whether llhttp has `method` in its list of HTTP methods.
bool llhttp_knows_method(std::string_view method);

}  // namespace weir::differential
