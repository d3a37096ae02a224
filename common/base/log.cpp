#include "common/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

namespace weir::base {

namespace {

struct LevelName {
  LogLevel level;
  std::string_view name;
  spdlog::level::level_enum native;
};

constexpr std::array<LevelName, 4> kLevels{{{LogLevel::Debug, "debug", spdlog::level::debug},
                                            {LogLevel::Info, "info", spdlog::level::info},
                                            {LogLevel::Warning, "warning", spdlog::level::warn},
                                            {LogLevel::Error, "error", spdlog::level::err}}};

void write(spdlog::level::level_enum level, std::string_view message) {
  spdlog::default_logger_raw()->log(level, spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (const LevelName& candidate : kLevels) {
    if (candidate.name == text) {
      return candidate.level;
    }
  }
  return std::nullopt;
}

std::string_view to_string(LogLevel level) { return kLevels[static_cast<std::size_t>(level)].name; }

void start_log(std::string_view name, LogLevel level) {
  const auto mode = std::getenv("NO_COLOR") != nullptr ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  auto logger = std::make_shared<spdlog::logger>(std::string(name), std::make_shared<spdlog::sinks::stderr_color_sink_st>(mode));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %n %^%l%$ %v");
  logger->set_level(kLevels[static_cast<std::size_t>(level)].native);
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

bool is_log_level_on(LogLevel level) {
  return spdlog::default_logger_raw()->should_log(kLevels[static_cast<std::size_t>(level)].native);
}

void log_debug(std::string_view message) { write(spdlog::level::debug, message); }
void log_info(std::string_view message) { write(spdlog::level::info, message); }
void log_warning(std::string_view message) { write(spdlog::level::warn, message); }
void log_error(std::string_view message) { write(spdlog::level::err, message); }

}  // namespace weir::base
