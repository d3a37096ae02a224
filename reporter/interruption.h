// Ctrl-C and its kind: they are noted, so that whoever is at work stops by himself and removes what is unfinished.
#pragma once

namespace weir::reporter {

// Notes SIGINT, SIGTERM and SIGHUP from now on, and ignores SIGPIPE (a write then fails with EPIPE). Once, from main.
void note_interruptions();

bool is_interrupted();

// After all is cleaned up: ends the process by the signal that was noted, so that a shell sees the usual exit status.
// Returns when there was none.
void end_if_interrupted();

}  // namespace weir::reporter
