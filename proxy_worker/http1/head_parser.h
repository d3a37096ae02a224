// Parses a complete request or response head (RFC 9112 sections 3 to 5) into views; strict, never repairs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy_worker/http1/field.h"

namespace weir::http1 {

inline constexpr std::size_t kFieldsMax = 256;
// What a written head may have more than the received one: Date, Transfer-Encoding, Via, Connection.
inline constexpr std::size_t kFieldsAddedMax = 4;
inline constexpr std::size_t kTargetBytesMax = 32 * 1024;

enum class HeadError {
  None,
  BadStartLine,
  BadVersion,         // not HTTP/1.0 or HTTP/1.1
  BadField,
  TooManyFields,
  TargetTooLong,
};

// One sentence for a person.
std::string_view describe(HeadError error);

// Views into the parsed text; reused from head to head, so that parsing allocates nothing once it has warmed up.
struct RequestHead {
  std::string_view text;  // the whole head, with the empty line
  std::string_view method;
  std::string_view target;
  unsigned minor_version = 1;  // HTTP/1.x
  std::vector<Field> fields;
};

struct ResponseHead {
  std::string_view text;
  unsigned minor_version = 1;
  unsigned status = 0;
  std::string_view reason_phrase;
  std::vector<Field> fields;
};

// `text` ends with its empty line, as HeadScanner found it; leading empty lines were skipped by the caller.
[[nodiscard]] HeadError parse_request_head(std::string_view text, RequestHead& out, std::size_t fields_max = kFieldsMax);
[[nodiscard]] HeadError parse_response_head(std::string_view text, ResponseHead& out, std::size_t fields_max = kFieldsMax);

// Header fields, or trailer fields, up to the empty line that ends `text`.
[[nodiscard]] HeadError parse_fields(std::string_view text, std::vector<Field>& out, std::size_t fields_max = kFieldsMax);

}  // namespace weir::http1
