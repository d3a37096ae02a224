#include "tests/fuzz/differential/differences.h"

#include <algorithm>

#include "proxy_worker/http1/field.h"
#include "tests/fuzz/differential/llhttp_reader.h"

namespace weir::differential {

namespace {

using http1::FieldId;

std::string_view at(std::string_view text, Range range) { return text.substr(range.begin, range.end - range.begin); }

void use_known_method(MessageParts& message) {
  if (!message.method.empty() && !llhttp_knows_method(message.method)) {
    message.method = "POST";
  }
}

void use_ascii_target(MessageParts& message) {
  std::replace_if(message.target.begin(), message.target.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, 'x');
}

// A slash in place of the fragment's mark makes the same authority with a path.
void use_path_for_fragment(MessageParts& message) {
  const std::size_t authority = message.target.find("://");
  if (authority == std::string::npos) {
    return;
  }
  const std::size_t authority_end = message.target.find_first_of("/?#", authority + 3);
  if (authority_end != std::string::npos && message.target[authority_end] == '#') {
    message.target[authority_end] = '/';
  }
}

void use_spaces_behind_framing(MessageParts& message) {
  for (const FieldLine& line : field_lines(message.fields, 0)) {
    const FieldId id = http1::field_id(at(message.fields, line.name));
    for (std::size_t i = line.value.end; id == FieldId::ContentLength || id == FieldId::TransferEncoding; --i) {
      if (i == line.value.begin || (message.fields[i - 1] != '\t' && message.fields[i - 1] != ' ')) {
        break;
      }
      message.fields[i - 1] = ' ';
    }
  }
}

void rename_framing_in_trailers(MessageParts& message) {
  const std::size_t trailers = message.is_chunked ? lay_out_chunks(message.body).trailers : std::string::npos;
  if (trailers == std::string::npos) {
    return;
  }
  for (const FieldLine& line : field_lines(message.body, trailers)) {
    const FieldId id = http1::field_id(at(message.body, line.name));
    if (id == FieldId::ContentLength || id == FieldId::TransferEncoding) {
      message.body[line.name.begin] = 'X';
    }
  }
}

void use_no_quoted_pairs(MessageParts& message) {
  if (!message.is_chunked) {
    return;
  }
  for (const Range& extension : lay_out_chunks(message.body).extensions) {
    for (std::size_t i = extension.begin; i + 1 < extension.end; ++i) {
      if (message.body[i] == '\\') {
        message.body[i] = 'x';
        message.body[++i] = 'x';
      }
    }
  }
}

// All behind the first value without quotes becomes a part of that value.
void use_one_unquoted_value(MessageParts& message) {
  if (!message.is_chunked) {
    return;
  }
  for (const Range& extension : lay_out_chunks(message.body).extensions) {
    bool in_quotes = false;
    bool in_value = false;
    for (std::size_t i = extension.begin; i < extension.end; ++i) {
      char& c = message.body[i];
      in_quotes = in_quotes != (c == '"');
      in_value = in_value || (!in_quotes && c == '=' && message.body[i + 1] != '"');
      if (in_value && c == ';') {
        std::fill(message.body.begin() + static_cast<std::ptrdiff_t>(i), message.body.begin() + static_cast<std::ptrdiff_t>(extension.end), 'x');
        break;
      }
    }
  }
}

constexpr Difference kDifferences[] = {
    {"any token as a method",
     "RFC 9110 section 9.1 leaves the list of methods open; llhttp has a closed one, and keeps some of its entries for RTSP and HTTP/2",
     use_known_method},
    {"octets above 0x7f in a target",
     "no URI has them, but browsers and scripts send them, and they mean nothing to a parser; strict llhttp takes ASCII only",
     use_ascii_target},
    {"a fragment right behind the authority",
     "a fragment is dropped before the target is sent on, wherever it stands; llhttp wants a path or a query before it",
     use_path_for_fragment},
    {"tabs behind the value of Content-Length or Transfer-Encoding",
     "optional white space is SP or HTAB (RFC 9110 section 5.6.3); llhttp takes only SP behind these two, and reads the response to its "
     "end instead of chunks",
     use_spaces_behind_framing},
    {"Content-Length and Transfer-Encoding among trailer fields",
     "they are framing only in the head, and are dropped with all others that do not belong into trailers (RFC 9110 section 6.5.1); "
     "llhttp reads them as if they stood in the head",
     rename_framing_in_trailers},
    {"quoted-pairs in a chunk extension",
     "a quoted-string has them (RFC 9110 section 5.6.4); llhttp 8.1 does not know them",
     use_no_quoted_pairs},
    {"another chunk extension behind a value without quotes",
     "RFC 9112 section 7.1.1; llhttp 8.1 expects the line end there",
     use_one_unquoted_value},
};

}  // namespace

std::span<const Difference> differences() { return kDifferences; }

}  // namespace weir::differential
