// Where Weir may accept what strict llhttp does not, or reads otherwise, each with its reason. A difference does not excuse a
// message from being compared: it is rewritten into a message that both have to read alike.
#pragma once

#include <span>
#include <string_view>

#include "tests/fuzz/differential/message_parts.h"

namespace weir::differential {

struct Difference {
  std::string_view what;    // Weir accepts
  std::string_view reason;  // why Weir does, and llhttp does not
  void (*rewrite)(MessageParts& message);  // to be without it; Weir reads the rest as before
};

std::span<const Difference> differences();

}  // namespace weir::differential
