#include "proxy_worker/http1/head_parser.h"

#include <optional>

namespace weir::http1 {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find(kLineEnd);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + kLineEnd.size());
  return line;
}

// HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive (RFC 9112 section 2.3).
HeadError parse_version(std::string_view text, unsigned& minor, HeadError malformed) {
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !is_in(text[5], character_class::kDigit) || text[6] != '.' ||
      !is_in(text[7], character_class::kDigit)) {
    return malformed;
  }
  if (text[5] != '1' || text[7] > '1') {
    return HeadError::BadVersion;
  }
  minor = static_cast<unsigned>(text[7] - '0');
  return HeadError::None;
}

HeadError parse_request_line(std::string_view line, RequestHead& out) {
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end == method_end) {
    return HeadError::BadStartLine;
  }
  out.method = line.substr(0, method_end);
  out.target = line.substr(method_end + 1, target_end - method_end - 1);
  if (out.method.empty() || out.target.empty() || !all_in(out.method, character_class::kToken) ||
      !all_in(out.target, character_class::kTargetText)) {
    return HeadError::BadStartLine;
  }
  if (out.target.size() > kTargetBytesMax) {
    return HeadError::TargetTooLong;
  }
  return parse_version(line.substr(target_end + 1), out.minor_version, HeadError::BadStartLine);
}

// status-line = HTTP-version SP 3DIGIT SP [ reason-phrase ]; the last space is missing in practice (RFC 9112 section 4).
// Statuses from 600 on exist in the wild, too, and are the client's to make something of (RFC 9110 section 15).
HeadError parse_status_line(std::string_view line, ResponseHead& out) {
  if (line.size() < 12 || line[8] != ' ' || !all_in(line.substr(9, 3), character_class::kDigit) ||
      (line.size() > 12 && line[12] != ' ')) {
    return HeadError::BadStartLine;
  }
  out.status = static_cast<unsigned>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  out.reason_phrase = line.size() > 13 ? line.substr(13) : std::string_view();
  if (out.status < 100 || !all_in(out.reason_phrase, character_class::kFieldText)) {
    return HeadError::BadStartLine;
  }
  return parse_version(line.substr(0, 8), out.minor_version, HeadError::BadStartLine);
}

// field-line = field-name ":" OWS field-value OWS. No white space before the colon, no folded lines (RFC 9112 section 5).
std::optional<Field> parse_field_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  Field field;
  field.name = line.substr(0, colon);
  field.value = trim_optional_white_space(line.substr(colon + 1));
  if (!all_in(field.name, character_class::kToken) || !all_in(field.value, character_class::kFieldText)) {
    return std::nullopt;
  }
  field.id = field_id(field.name);
  return field;
}

}  // namespace

std::string_view describe(HeadError error) {
  switch (error) {
    case HeadError::None:
      return "the head is well-formed";
    case HeadError::BadStartLine:
      return "the first line is not an HTTP/1.1 start line";
    case HeadError::BadVersion:
      return "the protocol version is neither HTTP/1.0 nor HTTP/1.1";
    case HeadError::BadField:
      return "a header line is malformed";
    case HeadError::TooManyFields:
      return "there are too many header fields";
    case HeadError::TargetTooLong:
      return "the request target is too long";
  }
  return "the head is malformed";
}

HeadError parse_fields(std::string_view text, std::vector<Field>& out, std::size_t fields_max) {
  out.clear();
  while (true) {
    const std::string_view line = take_line(text);
    if (line.empty()) {
      return text.empty() ? HeadError::None : HeadError::BadField;
    }
    if (out.size() == fields_max) {
      return HeadError::TooManyFields;
    }
    const auto field = parse_field_line(line);
    if (!field) {
      return HeadError::BadField;
    }
    out.push_back(*field);
  }
}

HeadError parse_request_head(std::string_view text, RequestHead& out, std::size_t fields_max) {
  out.text = text;
  const HeadError error = parse_request_line(take_line(text), out);
  return error != HeadError::None ? error : parse_fields(text, out.fields, fields_max);
}

HeadError parse_response_head(std::string_view text, ResponseHead& out, std::size_t fields_max) {
  out.text = text;
  const HeadError error = parse_status_line(take_line(text), out);
  return error != HeadError::None ? error : parse_fields(text, out.fields, fields_max);
}

}  // namespace weir::http1
