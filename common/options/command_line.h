// Reads a program's options from its command line and from the configuration file that it names.
#pragma once

#include <optional>

#include "common/options/settings.h"

namespace weir::options {

// Fills `settings`; the command line wins over the file. Gives an exit status when the program is to end at once: 0
// after --help, --version or --describe-options (printed on standard output), 2 after one line on standard error that
// says which option or which line of the file is wrong, and what was expected.
[[nodiscard]] std::optional<int> read_options(Program program, int argc, const char* const* argv, Settings& settings);

}  // namespace weir::options
