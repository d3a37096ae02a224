// Times as a person types them: "2026-11-22", "2026-11-22 14:00", "2026-11-22T14:00:05Z", or "2h" for two hours ago.
// Local time unless a Z follows.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace weir::options {

std::optional<std::chrono::system_clock::time_point> parse_point_in_time(const std::string& text);

}  // namespace weir::options
