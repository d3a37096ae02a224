// Text forms of durations and byte sizes, as options and policy files write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::base {

// A whole number with a unit: "250ms", "10s", "5m", "2h", "1d". "0" needs no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// The shortest such text.
std::string format_duration(std::chrono::milliseconds duration);

// "65536", "64KiB", "1GiB" (powers of 1024), "500MB" (powers of 1000).
std::optional<std::uint64_t> parse_byte_size(std::string_view text);

// The whole text as a decimal number without sign or spaces, at most `max`.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max = UINT64_MAX);

}  // namespace weir::base
