#include "tests/simulation/trace.h"

#include <cstdio>

#include "common/base/log.h"

namespace weir::simulation {

Trace& trace() {
  static Trace only;
  return only;
}

void Trace::say(std::string_view what) const {
  if (is_on_) {
    std::printf("%5zu  %.*s\n", step_, static_cast<int>(what.size()), what.data());
  }
}

}  // namespace weir::simulation

namespace weir::base {

// In place of common/base/log.cpp.
bool is_log_level_on(LogLevel level) { return simulation::trace().is_on() && level != LogLevel::Debug; }
void log_debug(std::string_view) {}
void log_info(std::string_view message) { WEIR_TRACE("       log: " + std::string(message)); }
void log_warning(std::string_view message) { log_info(message); }
void log_error(std::string_view message) { log_info(message); }

}  // namespace weir::base
