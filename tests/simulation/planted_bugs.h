// The bugs that plant_bugs.py plants, and one of the simulated collector's own.
#pragma once

#include <array>
#include <string_view>

namespace weir::simulation {

inline constexpr auto kPlantedBugs = std::to_array<std::string_view>({
    "ack-before-commit",
    "believe-former-events",
    "forget-position",
    "json-before-undo-note",
    "keep-lines-of-failed-commit",
    "keep-quiet-of-losses",
    "recover-in-any-order",
    "release-slot-before-append",
    "reuse-lost-numbers",
    "take-repeats",
    "trust-no-number",
});

}  // namespace weir::simulation
