// Names a moment at which the death of the process leaves something half done. In every program it is nothing; in the
// simulation (tests/simulation), which compiles these sources once more, the process may end there.
#pragma once

#ifdef WEIR_CRASH_POINTS
namespace weir::simulation {
void reach_crash_point(const char* name);
}
#define WEIR_CRASH_POINT(name) ::weir::simulation::reach_crash_point(name)
#else
#define WEIR_CRASH_POINT(name) static_cast<void>(0)
#endif
