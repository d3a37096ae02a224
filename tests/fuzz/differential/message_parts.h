// A message cut into parts that can be changed one by one and put together again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::differential {

struct MessageParts {
  std::string before;      // a request's empty lines
  std::string method;      // a request's
  std::string target;      // a request's, with the space before it
  std::string start_line;  // what is left of it: a response's is whole; with its line end
  std::string fields;      // with the empty line
  std::string body;        // as framed, with what is behind it
  bool is_chunked = false;

  std::string text() const { return before + method + target + start_line + fields + body; }
};

// `bytes` begin with a complete head that Weir accepts.
MessageParts take_request_apart(std::string_view bytes);
MessageParts take_response_apart(std::string_view bytes);

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct FieldLine {
  Range name;
  Range value;  // with the white space around it
};
// The lines of a header or trailer section that begins at `begin`, as far as they are complete.
std::vector<FieldLine> field_lines(std::string_view text, std::size_t begin);

struct ChunkedLayout {
  std::vector<Range> extensions;  // each from its first semicolon to the line end
  std::size_t trailers = std::string_view::npos;
};
// Where what is no content stands in a chunked body that Weir accepts, as far as the body is there.
ChunkedLayout lay_out_chunks(std::string_view body);

}  // namespace weir::differential
