#include "reporter/interruption.h"

#include <array>
#include <csignal>

namespace weir::reporter {

namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t g_noted_signal = 0;

void note(int signal) { g_noted_signal = signal; }

constexpr std::array<int, 3> kEndingSignals{SIGINT, SIGTERM, SIGHUP};

}  // namespace

void note_interruptions() {
  struct sigaction action {};
  action.sa_handler = note;  // without SA_RESTART: a blocked write ends with EINTR
  for (const int signal : kEndingSignals) {
    struct sigaction present {};
    ::sigaction(signal, nullptr, &present);
    // nohup and shells' background jobs ignore some of them on purpose.
    if (present.sa_handler != SIG_IGN) {
      ::sigaction(signal, &action, nullptr);
    }
  }
  std::signal(SIGPIPE, SIG_IGN);
}

bool is_interrupted() { return g_noted_signal != 0; }

void end_if_interrupted() {
  if (is_interrupted()) {
    std::signal(g_noted_signal, SIG_DFL);
    std::raise(g_noted_signal);
  }
}

}  // namespace weir::reporter
