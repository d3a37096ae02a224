#include "proxy_worker/http1/head_writer.h"

#include <algorithm>
#include <vector>

namespace weir::http1 {

namespace {

constexpr std::string_view kMask = "[masked]";

template <class... Parts>
void append(std::string& out, const Parts&... parts) {
  (out.append(parts), ...);
}

void append_field(std::string& out, const Field& field) { append(out, field.name, ": ", field.value, "\r\n"); }

void append_via(std::string& out, unsigned received_minor_version) {
  append(out, "Via: ", received_minor_version == 0 ? "1.0" : "1.1", " ", kPseudonym, "\r\n");
}

void append_target(const RequestHead& head, const RequestTarget& target, std::string& out) {
  if (target.path_and_query.empty() && head.method == "OPTIONS") {
    out += '*';  // RFC 9112 section 3.2.4: the last proxy turns an empty path into the asterisk-form
    return;
  }
  if (target.path_and_query.empty() || target.path_and_query.front() != '/') {
    out += '/';
  }
  out += target.path_and_query;
}

// A client of HTTP/1.0 cannot wait for a 100: the origin must not think so (RFC 9110 section 10.1.1).
bool is_for_later_versions(const RequestHead& head, const Field& field) {
  return field.id == FieldId::Expect && head.minor_version == 0;
}

void append_upgrade(Fields fields, std::string& out) {
  out += "Connection: Upgrade\r\n";
  for (const Field& field : fields) {
    if (field.id == FieldId::Upgrade) {
      append_field(out, field);
    }
  }
}

// Content-Length has no place in these (RFC 9110 section 8.6).
bool never_has_length(unsigned status) { return status / 100 == 1 || status == 204; }

void append_client_framing(const ResponseForm& form, unsigned status, std::string& out) {
  if (form.client_framing == BodyKind::Chunked && !never_has_length(status)) {
    out += "Transfer-Encoding: chunked\r\n";
  }
}

void append_persistence(const ResponseForm& form, std::string& out) {
  if (form.persistence == Persistence::Close) {
    out += "Connection: close\r\n";
  } else if (form.client_minor_version == 0) {
    out += "Connection: keep-alive\r\n";
  }
}

// A target such as http://name:password@host/ is refused, but it is recorded.
void append_without_userinfo(std::string_view first_line, std::string& out) {
  const std::size_t target = first_line.find(' ') + 1;
  const std::size_t scheme_end = first_line.find("://", target);
  const std::size_t authority = scheme_end == std::string_view::npos ? target : scheme_end + 3;
  const std::size_t authority_end = std::min(first_line.find_first_of("/?# ", authority), first_line.size());
  const std::size_t at = first_line.substr(0, authority_end).rfind('@');
  if (at == std::string_view::npos || at < authority) {
    out += first_line;
  } else {
    append(out, first_line.substr(0, authority), kMask, first_line.substr(at));
  }
}

bool may_be_trailer(const Field& field) {
  switch (field.id) {
    case FieldId::Other:
    case FieldId::Accept:
    case FieldId::UserAgent:
      return true;
    default:
      return false;
  }
}

}  // namespace

void write_request_head(const RequestHead& head, const RequestForm& form, std::string& out) {
  append(out, head.method, " ");
  append_target(head, form.target, out);
  out += " HTTP/1.1\r\n";
  const std::string_view host = form.target.authority_text;
  if (find_field(head.fields, FieldId::Host) == nullptr) {
    append(out, "Host: ", host, "\r\n");
  }
  for (const Field& field : head.fields) {
    if (field.id == FieldId::Host) {
      append(out, field.name, ": ", host, "\r\n");
    } else if (field.id == FieldId::MaxForwards && form.max_forwards) {
      append(out, field.name, ": ", std::to_string(*form.max_forwards), "\r\n");
    } else if (!is_hop_by_hop(head.fields, field) && !is_for_later_versions(head, field)) {
      append_field(out, field);
    }
  }
  if (form.framing.kind == BodyKind::Chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (form.upgrade == UpgradeField::Kept) {
    append_upgrade(head.fields, out);
  }
  append_via(out, head.minor_version);
  out += "\r\n";
}

void write_response_head(const ResponseHead& head, const ResponseForm& form, std::string& out) {
  const std::string_view line = start_line(head.text);
  append(out, "HTTP/1.1", line.substr(8), head.reason_phrase.empty() && line.back() != ' ' ? " \r\n" : "\r\n");
  bool has_date = form.date.empty() || head.status / 100 == 1;
  for (const Field& field : head.fields) {
    const bool is_misplaced_length = field.id == FieldId::ContentLength && never_has_length(head.status);
    if (!is_misplaced_length && !is_hop_by_hop(head.fields, field)) {
      append_field(out, field);
      has_date = has_date || field.id == FieldId::Date;
    }
  }
  if (!has_date) {
    append(out, "Date: ", form.date, "\r\n");
  }
  append_client_framing(form, head.status, out);
  append_via(out, head.minor_version);
  if (form.upgrade == UpgradeField::Kept) {
    append_upgrade(head.fields, out);
  }
  if (head.status / 100 != 1) {
    append_persistence(form, out);
  }
  out += "\r\n";
}

void write_trace(const RequestHead& head, std::string& out) {
  append_without_userinfo(start_line(head.text), out);
  out += "\r\n";
  for (const Field& field : head.fields) {
    if (!carries_credentials(field.id)) {
      append_field(out, field);
    }
  }
  out += "\r\n";
}

void write_masked(std::string_view first_line, Fields fields, std::string& out) {
  append_without_userinfo(first_line, out);
  out += "\r\n";
  for (const Field& field : fields) {
    if (carries_credentials(field.id)) {
      append(out, field.name, ": ", kMask, "\r\n");
    } else {
      append_field(out, field);
    }
  }
  out += "\r\n";
}

std::string_view start_line(std::string_view head_text) { return head_text.substr(0, head_text.find("\r\n")); }

void write_trailers(std::string_view trailers, std::string& out) {
  std::vector<Field> fields;
  if (trailers.empty() || parse_fields(trailers, fields) != HeadError::None) {
    return;
  }
  for (const Field& field : fields) {
    if (may_be_trailer(field)) {
      append_field(out, field);
    }
  }
}

}  // namespace weir::http1
