// What holds for every input of a fuzz target. A failure aborts, so that the fuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace weir {

inline void expect(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

}  // namespace weir
