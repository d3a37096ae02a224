// What happens in a simulated run, line by line, when it is asked for: also what the product says in its operation log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::simulation {

class Trace {
 public:
  void switch_on() { is_on_ = true; }
  bool is_on() const { return is_on_; }
  void enter_step(std::size_t step) { step_ = step; }
  std::size_t step() const { return step_; }
  // One line on standard output.
  void say(std::string_view what) const;

 private:
  bool is_on_ = false;
  std::size_t step_ = 0;
};
// The log functions of the product, which are here as well, have no other way to it.
Trace& trace();

// The words are only put together when somebody reads them.
#define WEIR_TRACE(words)                      \
  do {                                         \
    if (::weir::simulation::trace().is_on()) { \
      ::weir::simulation::trace().say(words);  \
    }                                          \
  } while (false)

}  // namespace weir::simulation
