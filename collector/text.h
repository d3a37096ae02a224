// Octets from the network as text: UTF-8 that a database, a JSON reader and a terminal can take. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::collector {

// Length of the UTF-8 sequence that `octets` begins with (RFC 3629: no surrogates, no overlong forms); 0 when it begins
// with none.
std::size_t utf8_sequence_length(std::string_view octets);

// `octets` itself when it is UTF-8 without NUL. Else the same in `scratch` with U+FFFD for what is not.
std::string_view clean_text(std::string_view octets, std::string& scratch);

// Room that write_json_text() needs for so many octets: each may become six, and the last store may reach beyond.
constexpr std::size_t json_text_bytes_max(std::size_t octets) { return 6 * octets + 40; }

// Writes `octets` as a JSON string with its quotes (RFC 8259) and gives its end. Control characters (C0, DEL, C1) are
// escaped, so that a log shown on a terminal cannot steer it; what is not UTF-8 becomes U+FFFD.
char* write_json_text(char* out, std::string_view octets);
// The same without quotes, for a part of a string. So many octets behind it can be read as well.
char* write_json_octets(char* out, std::string_view octets, std::size_t readable_behind = 0);

}  // namespace weir::collector
