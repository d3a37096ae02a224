// Weir against llhttp. Whatever Weir accepts, llhttp accepts, and reads alike but for the differences; what Weir takes for
// the beginning of a message, llhttp does not take for a whole one.
#pragma once

#include <string_view>

namespace weir::differential {

// A failure writes both readings to standard error and aborts.
void compare_request(std::string_view bytes);
// `method` is that of the request; the connection ends behind `bytes`.
void compare_response(std::string_view bytes, std::string_view method);

}  // namespace weir::differential
