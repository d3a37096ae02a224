// The operation log: one line per message on standard error, for the people who run Weir. Traffic never goes here.
// Not for the hot path; a caller that would have to build an expensive message asks is_log_level_on() first.
#pragma once

#include <optional>
#include <string_view>

namespace weir::base {

enum class LogLevel { Debug, Info, Warning, Error };

std::optional<LogLevel> parse_log_level(std::string_view text);  // "debug", "info", "warning", "error"
std::string_view to_string(LogLevel level);

// Once at start. `name` stands in every line, for example "worker-3".
void start_log(std::string_view name, LogLevel level);
bool is_log_level_on(LogLevel level);

void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);

}  // namespace weir::base
