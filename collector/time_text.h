// Points in time as the logs write them. Keeps the last second's text, because events come in bursts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::collector {

class TimeText {
 public:
  // "2025-10-18 16:51:52", local time. Both are valid until the next call.
  std::string_view local_second(std::int64_t us_since_epoch);
  // "2025-10-18T14:51:52.608277Z" (RFC 3339).
  std::string_view utc(std::int64_t us_since_epoch);

 private:
  void enter_second(std::int64_t second);

  std::int64_t second_ = INT64_MIN;
  std::array<char, 20> local_{};
  std::array<char, 28> utc_{};
};

}  // namespace weir::collector
