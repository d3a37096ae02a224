#include "common/base/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace weir::base {

namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::array<Unit, 5> kDurationUnits{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 8> kByteUnits{{{"", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30},
                                          {"TiB", 1ull << 40}, {"KB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}}};

// `number``unit` with `unit` out of `units`; nothing when the product does not fit into `max`.
template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units, std::uint64_t max) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, digits));
  if (!number) {
    return std::nullopt;
  }
  for (const auto& [name, factor] : units) {
    if (text.substr(digits) == name) {
      return *number <= max / factor ? std::optional(*number * factor) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number > max) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") {
    return std::chrono::milliseconds(0);
  }
  const auto count = parse_with_unit(text, kDurationUnits, std::numeric_limits<std::int32_t>::max() * 1000ull);
  if (!count) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(*count);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  for (const auto& [name, factor] : kDurationUnits) {
    if (count != 0 && count % factor == 0) {
      return std::to_string(count / factor) + std::string(name);
    }
  }
  return "0";
}

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
  return parse_with_unit(text, kByteUnits, UINT64_MAX);
}

}  // namespace weir::base
