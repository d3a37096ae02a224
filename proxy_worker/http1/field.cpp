#include "proxy_worker/http1/field.h"

#include <algorithm>
#include <array>

namespace weir::http1 {

namespace {

struct KnownField {
  std::string_view name;
  FieldId id;
};

constexpr std::array kKnownFields{
    KnownField{"accept", FieldId::Accept},
    KnownField{"authorization", FieldId::Authorization},
    KnownField{"connection", FieldId::Connection},
    KnownField{"content-length", FieldId::ContentLength},
    KnownField{"content-type", FieldId::ContentType},
    KnownField{"cookie", FieldId::Cookie},
    KnownField{"date", FieldId::Date},
    KnownField{"expect", FieldId::Expect},
    KnownField{"host", FieldId::Host},
    KnownField{"keep-alive", FieldId::KeepAlive},
    KnownField{"max-forwards", FieldId::MaxForwards},
    KnownField{"proxy-authenticate", FieldId::ProxyAuthenticate},
    KnownField{"proxy-authorization", FieldId::ProxyAuthorization},
    KnownField{"proxy-connection", FieldId::ProxyConnection},
    KnownField{"set-cookie", FieldId::SetCookie},
    KnownField{"te", FieldId::Te},
    KnownField{"trailer", FieldId::Trailer},
    KnownField{"transfer-encoding", FieldId::TransferEncoding},
    KnownField{"upgrade", FieldId::Upgrade},
    KnownField{"user-agent", FieldId::UserAgent},
    KnownField{"via", FieldId::Via},
};

// Which known fields have names of each length, so that most names are told apart by their length alone.
constexpr std::size_t kNameBytesMax = 19;
constexpr auto kFieldsByLength = [] {
  std::array<std::array<std::uint8_t, 4>, kNameBytesMax + 1> table{};  // index + 1; 0 ends a row
  for (std::size_t i = 0; i < kKnownFields.size(); ++i) {
    auto& row = table[kKnownFields[i].name.size()];
    std::size_t place = 0;
    while (row[place] != 0) {
      ++place;
    }
    row[place] = static_cast<std::uint8_t>(i + 1);
  }
  return table;
}();

bool is_connection_field(FieldId id) {
  switch (id) {
    case FieldId::Connection:
    case FieldId::KeepAlive:
    case FieldId::ProxyAuthenticate:
    case FieldId::ProxyAuthorization:
    case FieldId::ProxyConnection:
    case FieldId::Te:
    case FieldId::Trailer:
    case FieldId::TransferEncoding:
    case FieldId::Upgrade:
      return true;
    default:
      return false;
  }
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.size() <= kNameBytesMax) {
    for (const std::uint8_t place : kFieldsByLength[name.size()]) {
      if (place == 0) {
        break;
      }
      const KnownField& known = kKnownFields[place - 1u];
      if (equals_ignoring_case(name, known.name)) {
        return known.id;
      }
    }
  }
  return FieldId::Other;
}

const Field* find_field(Fields fields, FieldId id) {
  const auto found = std::find_if(fields.begin(), fields.end(), [id](const Field& field) { return field.id == id; });
  return found == fields.end() ? nullptr : &*found;
}

std::size_t count_fields(Fields fields, FieldId id) {
  return static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), [id](const Field& field) { return field.id == id; }));
}

bool lists_token(Fields fields, FieldId id, std::string_view token) {
  bool found = false;
  for (const Field& field : fields) {
    if (field.id == id) {
      for_each_list_element(field.value, [&](std::string_view element) {
        found = found || equals_ignoring_case(element, token);
        return !found;
      });
    }
  }
  return found;
}

bool is_hop_by_hop(Fields fields, const Field& field) {
  if (is_connection_field(field.id)) {
    return true;
  }
  // Host and the length of the body belong to the message: a client may not strip them by naming them in Connection.
  return field.id != FieldId::Host && field.id != FieldId::ContentLength && lists_token(fields, FieldId::Connection, field.name);
}

bool carries_credentials(FieldId id) {
  return id == FieldId::Authorization || id == FieldId::ProxyAuthorization || id == FieldId::Cookie || id == FieldId::SetCookie;
}

}  // namespace weir::http1
