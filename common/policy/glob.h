// Wildcard patterns with the semantics of Python's fnmatch: * ? [seq] [!seq], no escape character, a [ without ] is
// itself. Bytes, not characters; the caller folds case. Pure, and without a prepared form: patterns are matched as they
// lie in the compiled policy.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::policy {

// Takes at most (length of the pattern) x (length of the text) steps.
bool glob_matches(std::string_view pattern, std::string_view text);

inline bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("*?[") != std::string_view::npos; }

// Where the ] stands that closes the sequence opened by the [ at `open`; npos when there is none.
std::size_t find_set_end(std::string_view pattern, std::size_t open);

}  // namespace weir::policy
