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

void append_masked(std::string& out, const Field& field) {
  append(out, field.name, ": ", carries_credentials(field.id) ? kMask : field.value, "\r\n");
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

// A head on its way out, and its changes where they are logged. The fields of the received head are kept, replaced or
// dropped one after another, in their order.
class Output {
 public:
  Output(std::string& out, const std::optional<ChangeLog>& log) : out_(out), changes_(log ? &log->changes : nullptr) {
    if (log) {
      changes_->clear();
      changes_->leave_out(std::min(log->received.find("\r\n") + 2, log->received.size()));
    }
  }

  template <class... Parts>
  void start_line(const Parts&... parts) {
    const std::size_t begin = out_.size();
    append(out_, parts...);
    out_ += "\r\n";
    if (changes_ != nullptr) {
      std::string masked;
      append_without_userinfo(std::string_view(out_).substr(begin), masked);
      changes_->put_in(masked);
    }
  }

  // What the received head did not have. No credentials.
  template <class... Parts>
  void add(const Parts&... parts) {
    append(out_, parts...);
    if (changes_ != nullptr) {
      (changes_->put_in(parts), ...);
    }
  }

  void keep(const Field& field) {
    append_field(out_, field);
    if (changes_ != nullptr) {
      changes_->copy(logged_bytes(field));
    }
  }

  void drop(const Field& field) {
    if (changes_ != nullptr) {
      changes_->leave_out(logged_bytes(field));
    }
  }

  void replace(const Field& field, std::string_view value) {
    drop(field);
    add(field.name, ": ", value, "\r\n");
  }

 private:
  // As append_masked() has it.
  static std::size_t logged_bytes(const Field& field) {
    return field.name.size() + 2 + (carries_credentials(field.id) ? kMask : field.value).size() + 2;
  }

  std::string& out_;
  HeadChanges* changes_;
};

void add_via(Output& out, unsigned received_minor_version) {
  out.add("Via: ", received_minor_version == 0 ? "1.0" : "1.1", " ", kPseudonym, "\r\n");
}

// The target in origin-form, but for its first character where that is missing.
std::string_view target_prefix(const RequestHead& head, const RequestTarget& target) {
  if (target.path_and_query.empty() && head.method == "OPTIONS") {
    return "*";  // RFC 9112 section 3.2.4: the last proxy turns an empty path into the asterisk-form
  }
  return target.path_and_query.empty() || target.path_and_query.front() != '/' ? "/" : "";
}

// A client of HTTP/1.0 cannot wait for a 100: the origin must not think so (RFC 9110 section 10.1.1).
bool is_for_later_versions(const RequestHead& head, const Field& field) {
  return field.id == FieldId::Expect && head.minor_version == 0;
}

void add_upgrade(Fields fields, Output& out) {
  out.add("Connection: Upgrade\r\n");
  for (const Field& field : fields) {
    if (field.id == FieldId::Upgrade) {
      out.add(field.name, ": ", field.value, "\r\n");
    }
  }
}

// Content-Length has no place in these (RFC 9110 section 8.6).
bool never_has_length(unsigned status) { return status / 100 == 1 || status == 204; }

void add_client_framing(const ResponseForm& form, unsigned status, Output& out) {
  if (form.client_framing == BodyKind::Chunked && !never_has_length(status)) {
    out.add("Transfer-Encoding: chunked\r\n");
  }
}

void add_persistence(const ResponseForm& form, Output& out) {
  if (form.persistence == Persistence::Close) {
    out.add("Connection: close\r\n");
  } else if (form.client_minor_version == 0) {
    out.add("Connection: keep-alive\r\n");
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

void write_request_head(const RequestHead& head, const RequestForm& form, std::string& text, std::optional<ChangeLog> log) {
  Output out(text, log);
  out.start_line(head.method, " ", target_prefix(head, form.target), form.target.path_and_query, " HTTP/1.1");
  const std::string_view host = form.target.authority_text;
  if (find_field(head.fields, FieldId::Host) == nullptr) {
    out.add("Host: ", host, "\r\n");
  }
  for (const Field& field : head.fields) {
    if (field.id == FieldId::Host) {
      out.replace(field, host);
    } else if (field.id == FieldId::MaxForwards && form.max_forwards) {
      out.replace(field, std::to_string(*form.max_forwards));
    } else if (is_hop_by_hop(head.fields, field) || is_for_later_versions(head, field)) {
      out.drop(field);
    } else {
      out.keep(field);
    }
  }
  if (form.framing.kind == BodyKind::Chunked) {
    out.add("Transfer-Encoding: chunked\r\n");
  }
  if (form.upgrade == UpgradeField::Kept) {
    add_upgrade(head.fields, out);
  }
  add_via(out, head.minor_version);
  out.add("\r\n");
}

void write_response_head(const ResponseHead& head, const ResponseForm& form, std::string& text, std::optional<ChangeLog> log) {
  Output out(text, log);
  const std::string_view line = start_line(head.text);
  out.start_line("HTTP/1.1", line.substr(8), head.reason_phrase.empty() && line.back() != ' ' ? " " : "");
  bool has_date = form.date.empty() || head.status / 100 == 1;
  for (const Field& field : head.fields) {
    const bool is_misplaced_length = field.id == FieldId::ContentLength && never_has_length(head.status);
    if (is_misplaced_length || is_hop_by_hop(head.fields, field)) {
      out.drop(field);
    } else {
      out.keep(field);
      has_date = has_date || field.id == FieldId::Date;
    }
  }
  if (!has_date) {
    out.add("Date: ", form.date, "\r\n");
  }
  add_client_framing(form, head.status, out);
  add_via(out, head.minor_version);
  if (form.upgrade == UpgradeField::Kept) {
    add_upgrade(head.fields, out);
  }
  if (head.status / 100 != 1) {
    add_persistence(form, out);
  }
  out.add("\r\n");
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
    append_masked(out, field);
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
