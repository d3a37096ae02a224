// Header fields as views into a head, and the fields that a proxy must know by name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "proxy_worker/http1/character.h"

namespace weir::http1 {

enum class FieldId : std::uint8_t {
  Other,
  Accept,
  Authorization,
  Connection,
  ContentLength,
  ContentType,
  Cookie,
  Date,
  Expect,
  Host,
  KeepAlive,
  MaxForwards,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  SetCookie,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  UserAgent,
  Via,
};

struct Field {
  std::string_view name;   // as received
  std::string_view value;  // as received, without white space around it
  FieldId id = FieldId::Other;
};

using Fields = std::span<const Field>;

FieldId field_id(std::string_view name);

// The first field with this id, or nullptr.
const Field* find_field(Fields fields, FieldId id);
std::size_t count_fields(Fields fields, FieldId id);

// Calls `visit(std::string_view element)` for each non-empty element of a comma-separated list (RFC 9110 section 5.6.1)
// until it gives false.
template <class Visit>
void for_each_list_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim_optional_white_space(list.substr(0, comma));
    if (!element.empty() && !visit(element)) {
      return;
    }
    if (comma == std::string_view::npos) {
      return;
    }
    list.remove_prefix(comma + 1);
  }
}

// Whether any field with this id lists `token`, ignoring case.
bool lists_token(Fields fields, FieldId id, std::string_view token);

// Whether `field` may not go on to the next hop (RFC 9110 section 7.6.1): the connection fields themselves, and what
// Connection names, except the fields that a message cannot do without.
bool is_hop_by_hop(Fields fields, const Field& field);

// Whether a log must not show the value.
bool carries_credentials(FieldId id);

}  // namespace weir::http1
