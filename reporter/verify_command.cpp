#include "reporter/verify_command.h"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "reporter/database_file.h"
#include "reporter/output_file.h"
#include "reporter/progress.h"
#include "reporter/verify/verification.h"
#include "reporter/verify/verification_text.h"

namespace weir::reporter {

namespace {

constexpr int kSound = 0;
constexpr int kUnsound = 1;
constexpr int kNothingToVerify = 2;

int print(const verify::Verification& verification, const options::Report& wanted) {
  const auto colours = ::isatty(STDOUT_FILENO) == 1 ? verify::Colours::On : verify::Colours::Off;
  const std::string text = wanted.json ? verify::verification_json(verification) : verify::verification_text(verification, colours);
  OutputFile out = OutputFile::standard_output();
  if (std::string error; !out.write(text, error)) {
    std::fprintf(stderr, "reporter: %s\n", error.c_str());
    return kUnsound;
  }
  return verification.is_sound() ? kSound : kUnsound;
}

}  // namespace

int verify_installation(const options::Settings& settings) {
  store::Error failure;
  auto file = open_database(settings.data_dir, failure);
  if (!file && failure.failure == store::Failure::NotADatabase) {
    return print(verify::verify_unreadable(settings.data_dir, failure.message), settings.report);
  }
  if (!file) {
    std::fprintf(stderr, "reporter: %s\n", failure.message.c_str());
    return kNothingToVerify;
  }
  const auto depth = settings.report.full ? verify::LedgerReader::Depth::Full : verify::LedgerReader::Depth::Quick;
  const auto result = [&] {
    Progress bar;  // is wiped away before anything is printed
    return verify::verify({settings.data_dir, file->database, !file->is_empty}, depth,
                          [&bar](std::string_view part, std::optional<double> fraction) { bar.show(part, fraction); });
  }();
  return print(result, settings.report);
}

}  // namespace weir::reporter
