#include "reporter/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace weir::reporter {

namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::size_t kBarLetters = 40;

}  // namespace

Progress::Progress() : is_terminal_(::isatty(STDERR_FILENO) == 1), next_(Clock::now() + kPatience) {}

Progress::~Progress() {
  if (is_drawn_) {
    std::fputs("\r\033[K", stderr);
  }
}

void Progress::show(double fraction) {
  if (!is_terminal_ || Clock::now() < next_) {
    return;
  }
  next_ = Clock::now() + kRedraw;
  is_drawn_ = true;
  const double done = std::clamp(fraction, 0.0, 1.0);
  std::string bar(static_cast<std::size_t>(done * kBarLetters), '#');
  bar.resize(kBarLetters, '.');
  std::fprintf(stderr, "\r[%s] %3d %%", bar.c_str(), static_cast<int>(done * 100));
}

}  // namespace weir::reporter
