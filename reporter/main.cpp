// The reporter: reads what Weir recorded, and prints, exports, draws or verifies it.
#include <cstdio>

#include "common/options/command_line.h"
#include "reporter/explain_command.h"
#include "reporter/interruption.h"
#include "reporter/report.h"
#include "reporter/verify_command.h"

int main(int argc, char** argv) {
  weir::options::Settings settings;
  if (const auto exit_status = weir::options::read_options(weir::options::kReporter, argc, argv, settings)) {
    return *exit_status;
  }
  std::string error;
  if (!weir::reporter::is_consistent(settings.report, error)) {
    std::fprintf(stderr, "reporter: %s\n", error.c_str());
    return 2;
  }
  if (!settings.report.explain.empty()) {
    return weir::reporter::explain_request(settings);
  }
  if (settings.report.lists) {
    return weir::reporter::report_lists(settings);
  }
  if (settings.report.verify) {
    return weir::reporter::verify_installation(settings);
  }
  weir::reporter::note_interruptions();
  const int exit_status = weir::reporter::Report(settings).make();
  weir::reporter::end_if_interrupted();
  return exit_status;
}
