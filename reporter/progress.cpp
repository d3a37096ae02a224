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

Progress::Progress() : is_terminal_(::isatty(STDERR_FILENO) == 1), begin_(Clock::now()), next_(begin_ + kPatience) {}

Progress::~Progress() {
  if (is_drawn_) {
    std::fputs("\r\033[K", stderr);
  }
}

void Progress::show(std::string_view part, std::optional<double> fraction) {
  if (!is_terminal_ || Clock::now() < next_) {
    return;
  }
  next_ = Clock::now() + kRedraw;
  is_drawn_ = true;
  const double done = std::clamp(fraction.value_or(0), 0.0, 1.0);
  std::string bar(static_cast<std::size_t>(done * kBarLetters), '#');
  bar.resize(kBarLetters, '.');
  const std::string name = part.empty() ? std::string() : std::string(part) + " ";
  if (fraction) {
    std::fprintf(stderr, "\r\033[K%s[%s] %3d %%", name.c_str(), bar.c_str(), static_cast<int>(done * 100));
  } else {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin_);
    std::fprintf(stderr, "\r\033[K%s... %d s", name.c_str(), static_cast<int>(seconds.count()));
  }
}

}  // namespace weir::reporter
