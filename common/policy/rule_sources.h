// Where the rules about hosts come from: patterns and files, and what is done with the hosts that they match. Plain
// values; the options fill them, the worker and the reporter compile them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace weir::policy {

// In the order of precedence: what is allowed is not blocked, what is blocked is not merely observed.
enum class Action : std::uint8_t {
  Allow,    // goes on, whatever else matches
  Block,    // is refused
  Observe,  // goes on, and its record says that it would have been blocked
};
constexpr std::size_t kActions = 3;

constexpr std::string_view to_string(Action action) {
  constexpr std::string_view kNames[kActions] = {"allow", "block", "observe"};
  return kNames[static_cast<std::size_t>(action)];
}

// The patterns of an action come before its files, each in the order given.
struct RuleSources {
  struct OfAction {
    std::vector<std::string> patterns;
    std::vector<std::filesystem::path> files;
  };
  OfAction allow;
  OfAction block;
  OfAction observe;

  bool is_empty() const {
    const auto is_unused = [](const OfAction& part) { return part.patterns.empty() && part.files.empty(); };
    return is_unused(allow) && is_unused(block) && is_unused(observe);
  }
};

}  // namespace weir::policy
