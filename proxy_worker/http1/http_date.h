// The time of day as HTTP writes it: IMF-fixdate (RFC 9110 section 5.6.7), for example "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace weir::http1 {

// Keeps the text of the last second that was asked for. Takes its time from the caller.
class HttpDate {
 public:
  // Valid until the next call.
  std::string_view text(std::chrono::sys_seconds now);

 private:
  std::chrono::sys_seconds second_{std::chrono::seconds(-1)};
  std::string text_;
};

}  // namespace weir::http1
