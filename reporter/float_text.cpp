#include "reporter/float_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace weir::reporter {

std::string float_text(double value) {
  constexpr double kFixedFrom = 1e-4;
  constexpr double kFixedBelow = 1e16;
  const double size = std::abs(value);
  const bool is_fixed = size == 0 || (size >= kFixedFrom && size < kFixedBelow);
  std::array<char, 32> digits{};  // the longest: sign, 17 digits, point, exponent
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 is_fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(digits.data(), end.ptr);
  if (is_fixed && text.find('.') == std::string::npos) {
    text += ".0";
  }
  return text;
}

}  // namespace weir::reporter
