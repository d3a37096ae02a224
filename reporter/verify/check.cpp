#include "reporter/verify/check.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace weir::verify {

void Check::Lines::add(std::string line) {
  if (kept.size() < kLinesMax) {
    kept.push_back(std::move(line));
  }
  ++count;
}

void Check::Lines::add(const Lines& others) {
  const std::size_t room = kLinesMax - kept.size();
  kept.insert(kept.end(), others.kept.begin(), others.kept.begin() + static_cast<std::ptrdiff_t>(std::min(room, others.kept.size())));
  count += others.count;
}

void Check::take_lines_of(const Check& other) {
  faults_.add(other.faults_);
  notes_.add(other.notes_);
}

void Check::skip(std::string why) {
  is_skipped_ = true;
  summary_ = std::move(why);
}

std::string digits(std::uint64_t number) {
  const std::string plain = std::to_string(number);
  std::string text;
  for (std::size_t place = 0; place < plain.size(); ++place) {
    if (place > 0 && (plain.size() - place) % 3 == 0) {
      text += ',';
    }
    text += plain[place];
  }
  return text;
}

std::string counted(std::uint64_t count, const std::string& noun) { return digits(count) + " " + noun + (count == 1 ? "" : "s"); }

std::string to_text(const Range& range) {
  return std::to_string(range.first) + (range.last > range.first ? " to " + std::to_string(range.last) : "");
}

std::string time_text(std::int64_t us) {
  const auto seconds = static_cast<std::time_t>(us / 1'000'000);
  std::tm parts{};
  std::array<char, 32> text{};
  ::localtime_r(&seconds, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

}  // namespace weir::verify
