// One of the questions that a verification asks of an installation, with its answer. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "reporter/verify/number_set.h"

namespace weir::verify {

enum class Verdict {
  Pass,
  Fail,
  Skipped,  // there is nothing to check, or no way to
};

class Check {
 public:
  // The lines of a damaged installation could be millions; so many are kept of each kind, the rest is counted.
  static constexpr std::size_t kLinesMax = 50;

  struct Lines {
    std::vector<std::string> kept;
    std::uint64_t count = 0;

    void add(std::string line);
    void add(const Lines& others);
  };

  explicit Check(std::string name) : name_(std::move(name)) {}

  // What was looked at, in one line.
  void summarise(std::string summary) { summary_ = std::move(summary); }
  void skip(std::string why);
  // Something that does not add up.
  void fault(std::string line) { faults_.add(std::move(line)); }
  // Something worth knowing that is no fault.
  void note(std::string line) { notes_.add(std::move(line)); }
  // Adds another's faults and notes.
  void take_lines_of(const Check& other);
  // For programs.
  void number(std::string name, std::uint64_t value) { numbers_.emplace_back(std::move(name), value); }

  Verdict verdict() const { return faults_.count > 0 ? Verdict::Fail : is_skipped_ ? Verdict::Skipped : Verdict::Pass; }
  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const Lines& faults() const { return faults_; }
  const Lines& notes() const { return notes_; }
  const std::vector<std::pair<std::string, std::uint64_t>>& numbers() const { return numbers_; }

 private:
  std::string name_;
  std::string summary_;
  bool is_skipped_ = false;
  Lines faults_;
  Lines notes_;
  std::vector<std::pair<std::string, std::uint64_t>> numbers_;
};

// "1,234,567"
std::string digits(std::uint64_t number);
// "1 row", "1,234,567 rows": for nouns that take an s.
std::string counted(std::uint64_t count, const std::string& noun);
// "17", "17 to 23"
std::string to_text(const Range& range);
// Local time, "2026-11-22 14:00:05"; `us` is microseconds since the epoch.
std::string time_text(std::int64_t us);

}  // namespace weir::verify
