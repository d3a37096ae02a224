// One option: its name, its value's form, its default, who takes it, what it does. See settings.cpp.
#pragma once

#include <functional>
#include <string>

namespace weir::options {

// Bits: an option names all programs that take it.
enum Program : unsigned { kSupervisor = 1, kWorker = 2, kCollector = 4, kReporter = 8, kAllPrograms = 15 };

struct Declaration {
  std::string group = {};         // heading in --help
  std::string name = {};          // without dashes; also the key in the configuration file
  std::string value = {};         // the value's form, as in "REQUESTS/WINDOW|off"; empty for a flag
  std::string default_text = {};  // as a user would write it; empty when there is none
  unsigned programs = kAllPrograms;
  std::string help = {};
  // Takes one value; false when it does not have the form that `value` names.
  std::function<bool(const std::string&)> take = {};
  // For an option that may be given several times: forgets the default before the first value.
  std::function<void()> start_list = {};
  bool internal = false;     // not in --help: between Weir's own programs

  bool is_flag() const { return value.empty(); }
  bool is_repeatable() const { return static_cast<bool>(start_list); }
};

}  // namespace weir::options
