// Weir's reading of a message: what a worker does with the octets of a connection, from the first to the end of the body.
#pragma once

#include <string_view>

#include "tests/fuzz/differential/message.h"

namespace weir::differential {

Message weir_reads_request(std::string_view bytes);
// `method` is that of the request. The connection ends behind `bytes`.
Message weir_reads_response(std::string_view bytes, std::string_view method);

}  // namespace weir::differential
