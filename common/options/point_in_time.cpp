#include "common/options/point_in_time.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "common/base/quantity.h"

namespace weir::options {

namespace {

std::optional<std::tm> parse_calendar(const std::string& text) {
  for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    std::tm calendar{};
    calendar.tm_isdst = -1;
    const char* end = ::strptime(text.c_str(), format, &calendar);
    if (end != nullptr && *end == '\0') {
      return calendar;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_point_in_time(const std::string& text) {
  if (const auto ago = base::parse_duration(text)) {
    return std::chrono::system_clock::now() - *ago;
  }
  using Clock = std::chrono::system_clock;
  const bool utc = !text.empty() && text.back() == 'Z';
  const auto calendar = parse_calendar(utc ? text.substr(0, text.size() - 1) : text);
  if (!calendar) {
    return std::nullopt;
  }
  std::tm normal = *calendar;
  const std::time_t seconds = utc ? ::timegm(&normal) : std::mktime(&normal);
  // 31 February is none, although mktime takes it for one of March.
  if (normal.tm_mday != calendar->tm_mday || normal.tm_mon != calendar->tm_mon) {
    return std::nullopt;
  }
  // The clock counts nanoseconds and ends in the year 2262: "9999-12-31" is as good as that.
  const std::time_t last = Clock::to_time_t(Clock::time_point::max());
  return Clock::from_time_t(std::clamp(seconds, Clock::to_time_t(Clock::time_point::min()) + 1, last - 1));
}

}  // namespace weir::options
