// A verification as a person reads it, and as a program does.
#pragma once

#include <string>

#include "reporter/verify/verification.h"

namespace weir::verify {

enum class Colours { On, Off };

std::string verification_text(const Verification& verification, Colours colours);
// One JSON object, with a line feed at its end.
std::string verification_json(const Verification& verification);

}  // namespace weir::verify
