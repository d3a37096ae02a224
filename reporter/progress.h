// A progress bar on standard error, for people: it appears only on a terminal, and only when the work takes long.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace weir::reporter {

class Progress {
 public:
  Progress();
  // Wipes the bar away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `fraction` from 0 to 1 is done. Cheap: looks at the clock, and draws a few times a second.
  void show(double fraction) { show({}, fraction); }
  // With the name of the part that is under way, and only the time that it takes when its fraction is not known.
  void show(std::string_view part, std::optional<double> fraction);

 private:
  using Clock = std::chrono::steady_clock;
  bool is_terminal_;
  bool is_drawn_ = false;
  Clock::time_point begin_;
  Clock::time_point next_;
};

}  // namespace weir::reporter
