// From the sources of rules, which may be files, to the bytes of a compiled policy. In the compiling process and in the
// reporter; never in a worker that serves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/policy/content_hash.h"
#include "common/policy/rule_sources.h"

namespace weir::policy {

constexpr std::uintmax_t kListBytesMax = 256u << 20;
constexpr std::size_t kListsMax = 1000;

// A hash of the sources and of what stands in their files: the compiled policy that has it need not be compiled again.
// Nothing when a file cannot be read; `error` names it.
std::optional<ContentHash> hash_inputs(const RuleSources& sources, std::string& error);

// Nothing when a pattern or a file is bad; `error` is "FILE:LINE: what is wrong", "FILE: ..." or "--OPTION: ...".
std::optional<std::string> compile_policy(const RuleSources& sources, std::string& error);

}  // namespace weir::policy
