#include "tests/fuzz/differential/message_parts.h"

#include <algorithm>
#include <charconv>

#include "proxy_worker/http1/field.h"

namespace weir::differential {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

// Cuts all up to the first place behind `end`, or nothing when there is none, off `bytes`.
std::string take_through(std::string_view& bytes, std::string_view end) {
  const std::size_t place = bytes.find(end);
  const std::string_view taken = bytes.substr(0, place == std::string_view::npos ? 0 : place + end.size());
  bytes.remove_prefix(taken.size());
  return std::string(taken);
}

void take_fields_and_body(std::string_view bytes, MessageParts& out) {
  out.fields = bytes.starts_with(kLineEnd) ? take_through(bytes, kLineEnd) : take_through(bytes, "\r\n\r\n");
  out.body = bytes;
  const auto lines = field_lines(out.fields, 0);
  out.is_chunked = std::any_of(lines.begin(), lines.end(), [&](const FieldLine& line) {
    return http1::field_id(std::string_view(out.fields).substr(line.name.begin, line.name.end - line.name.begin)) == http1::FieldId::TransferEncoding;
  });
}

}  // namespace

MessageParts take_request_apart(std::string_view bytes) {
  MessageParts parts;
  while (bytes.starts_with(kLineEnd)) {
    parts.before += take_through(bytes, kLineEnd);
  }
  parts.start_line = take_through(bytes, kLineEnd);
  const std::size_t method_end = parts.start_line.find(' ');
  const std::size_t target_end = parts.start_line.rfind(' ');
  parts.method = parts.start_line.substr(0, method_end);
  parts.target = parts.start_line.substr(method_end, target_end - method_end);
  parts.start_line.erase(0, target_end);
  take_fields_and_body(bytes, parts);
  return parts;
}

MessageParts take_response_apart(std::string_view bytes) {
  MessageParts parts;
  parts.start_line = take_through(bytes, kLineEnd);
  take_fields_and_body(bytes, parts);
  return parts;
}

std::vector<FieldLine> field_lines(std::string_view text, std::size_t begin) {
  std::vector<FieldLine> lines;
  while (true) {
    const std::size_t colon = text.find(':', begin);
    const std::size_t end = text.find(kLineEnd, begin);
    if (end == std::string_view::npos || colon > end) {
      return lines;
    }
    lines.push_back({.name = {begin, colon}, .value = {colon + 1, end}});
    begin = end + kLineEnd.size();
  }
}

ChunkedLayout lay_out_chunks(std::string_view body) {
  ChunkedLayout layout;
  std::size_t at = 0;
  while (true) {
    const std::size_t line_end = body.find(kLineEnd, at);
    if (line_end == std::string_view::npos) {
      return layout;
    }
    std::size_t size = 0;
    const char* size_end = std::from_chars(body.data() + at, body.data() + line_end, size, 16).ptr;
    layout.extensions.push_back({static_cast<std::size_t>(size_end - body.data()), line_end});
    at = line_end + kLineEnd.size();
    if (size == 0) {
      layout.trailers = at;
      return layout;
    }
    if (size > body.size() - at || body.size() - at - size < kLineEnd.size()) {
      return layout;
    }
    at += size + kLineEnd.size();
  }
}

}  // namespace weir::differential
