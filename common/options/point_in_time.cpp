#include "common/options/point_in_time.h"

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
  const bool utc = !text.empty() && text.back() == 'Z';
  auto calendar = parse_calendar(utc ? text.substr(0, text.size() - 1) : text);
  if (!calendar) {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(utc ? ::timegm(&*calendar) : std::mktime(&*calendar));
}

}  // namespace weir::options
