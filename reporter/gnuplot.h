// Runs gnuplot as a child process, without a shell: script on its standard input, picture to a file of ours.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace weir::reporter {

// Ends the child at `patience` and on an interruption. On failure `error` is one line; when gnuplot is not installed it
// names the package.
[[nodiscard]] bool draw_with_gnuplot(std::string_view script, int picture_fd, std::chrono::milliseconds patience, std::string& error);

}  // namespace weir::reporter
