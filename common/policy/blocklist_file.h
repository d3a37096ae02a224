// Reads a list of domain rules from a file: one pattern a line, # begins a comment. In the worker at start and SIGHUP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/policy/domain_rules.h"

namespace weir::policy {

constexpr std::uintmax_t kBlocklistBytesMax = 256u << 20;
constexpr std::size_t kBlocklistLineBytesMax = 4096;

// Adds every line of `path` to `rules`; the list is named by the path as given. CRLF and a byte order mark are
// tolerated. On failure `error` is "FILE:LINE: what is wrong" (or "FILE: ..."), and `rules` holds a part of the list:
// the caller throws it away.
[[nodiscard]] bool load_blocklist(const std::filesystem::path& path, DomainRules& rules, std::string& error);

}  // namespace weir::policy
