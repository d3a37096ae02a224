#include "collector/time_text.h"

#include <ctime>

namespace weir::collector {

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::size_t kLocalLength = sizeof("2025-10-18 16:51:52") - 1;
constexpr std::size_t kFractionEnd = sizeof("2025-10-18T14:51:52.608277") - 1;
constexpr std::size_t kFractionBegin = kFractionEnd - 6;

}  // namespace

std::string_view TimeText::local_second(std::int64_t us_since_epoch) {
  enter_second(us_since_epoch / kUsPerSecond);
  return {local_.data(), kLocalLength};
}

std::string_view TimeText::utc(std::int64_t us_since_epoch) {
  enter_second(us_since_epoch / kUsPerSecond);
  std::int64_t fraction = us_since_epoch % kUsPerSecond;
  for (std::size_t digit = kFractionEnd; digit-- > kFractionBegin; fraction /= 10) {
    utc_[digit] = static_cast<char>('0' + fraction % 10);
  }
  return {utc_.data(), kFractionEnd + 1};
}

void TimeText::enter_second(std::int64_t second) {
  if (second == second_) {
    return;
  }
  const std::time_t time = second;
  std::tm calendar{};
  ::localtime_r(&time, &calendar);
  std::strftime(local_.data(), local_.size(), "%Y-%m-%d %H:%M:%S", &calendar);
  ::gmtime_r(&time, &calendar);
  std::strftime(utc_.data(), utc_.size(), "%Y-%m-%dT%H:%M:%S.000000Z", &calendar);
  second_ = second;
}

}  // namespace weir::collector
