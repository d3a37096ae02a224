// The first byte of a rule's record in a compiled policy. Pure.
#pragma once

#include <cstdint>

#include "common/policy/rule_pattern.h"
#include "common/policy/rule_sources.h"

namespace weir::policy::record_flags {

// bits 0-1: RulePattern::Kind, bits 2-3: Action
constexpr std::uint8_t kPlain = 0x10;
constexpr std::uint8_t kException = 0x20;
constexpr std::uint8_t kHasLineStep = 0x40;  // else the rule stands one line after the one before it
// Two rules with these bits and the name in common are duplicates.
constexpr std::uint8_t kIdentity = 0x0f;

constexpr std::uint8_t make(const RulePattern& rule, Action action) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(rule.kind) | static_cast<unsigned>(action) << 2 |
                                   (rule.is_plain ? kPlain : 0u) | (rule.is_exception ? kException : 0u));
}
constexpr RulePattern::Kind kind(std::uint8_t flags) { return static_cast<RulePattern::Kind>(flags & 3); }
// 3 stands for no action; a record that has it is damaged.
constexpr unsigned action(std::uint8_t flags) { return (flags >> 2) & 3u; }

}  // namespace weir::policy::record_flags
