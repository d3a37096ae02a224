#include "proxy_worker/http1/http_date.h"

#include <array>
#include <cstdio>

namespace weir::http1 {

namespace {

constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Not by strftime(), whose names of days and months depend on the locale.
std::string write(std::chrono::sys_seconds now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  std::array<char, 64> text{};
  const int bytes = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[std::chrono::weekday(day).c_encoding()],
                                  static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                                  static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(bytes)};
}

}  // namespace

std::string_view HttpDate::text(std::chrono::sys_seconds now) {
  if (now != second_) {
    second_ = now;
    text_ = write(now);
  }
  return text_;
}

}  // namespace weir::http1
