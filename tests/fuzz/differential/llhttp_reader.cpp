#include "tests/fuzz/differential/llhttp_reader.h"

#include <llhttp.h>

#include <algorithm>

#include "proxy_worker/http1/character.h"

#if !LLHTTP_STRICT_MODE
#error "llhttp has to be compiled, and included, with LLHTTP_STRICT_MODE=1"
#endif

namespace weir::differential {

namespace {

struct Reading {
  Message message;
  std::string_view request_method;  // of a response's request
};

Reading& reading_of(llhttp_t* parser) { return *static_cast<Reading*>(parser->data); }

int begin_field(llhttp_t* parser, const char* at, std::size_t bytes) {
  reading_of(parser).message.fields.emplace_back(std::string(at, bytes), "");
  return 0;
}

// The white space behind a value is given as a part of it.
int take_value(llhttp_t* parser, const char* at, std::size_t bytes) {
  reading_of(parser).message.fields.back().second = http1::trim_optional_white_space({at, bytes});
  return 0;
}

int take_content(llhttp_t* parser, const char* at, std::size_t bytes) {
  reading_of(parser).message.content.append(at, bytes);
  return 0;
}

// What only the recipient of a response can know (RFC 9112 section 6.3, rules 1 and 2): 1 when it has no body.
int end_head(llhttp_t* parser) {
  if (parser->type == HTTP_REQUEST) {
    return 0;
  }
  const std::string_view method = reading_of(parser).request_method;
  const int status = parser->status_code;
  return method == "HEAD" || status / 100 == 1 || status == 204 || status == 304 || (method == "CONNECT" && status / 100 == 2) ? 1 : 0;
}

int end_message(llhttp_t* parser) {
  reading_of(parser).message.verdict = Verdict::Complete;
  return HPE_PAUSED;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_header_field = begin_field;
  settings.on_header_value = take_value;
  settings.on_headers_complete = end_head;
  settings.on_body = take_content;
  settings.on_message_complete = end_message;
  return settings;
}

const llhttp_settings_t kSettings = make_settings();

// The whole message is given at once, so that each name, value and piece of content comes in one call.
Message read(llhttp_type_t type, std::string_view bytes, std::string_view request_method) {
  Reading reading{.message = {}, .request_method = request_method};
  llhttp_t parser;
  llhttp_init(&parser, type, &kSettings);
  parser.data = &reading;
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  Message& message = reading.message;
  message.bytes = bytes.size();
  if (message.verdict == Verdict::Complete) {
    message.bytes = static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data());
  } else if (error != HPE_OK) {
    message.verdict = Verdict::Refused;
  } else {
    llhttp_finish(&parser);
  }
  message.minor_version = llhttp_get_http_minor(&parser);
  if (type == HTTP_REQUEST) {
    message.method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp_get_method(&parser)));
  } else {
    message.status = static_cast<unsigned>(llhttp_get_status_code(&parser));
  }
  return std::move(message);
}

}  // namespace

Message llhttp_reads_request(std::string_view bytes) { return read(HTTP_REQUEST, bytes, {}); }

Message llhttp_reads_response(std::string_view bytes, std::string_view method) { return read(HTTP_RESPONSE, bytes, method); }

bool llhttp_knows_method(std::string_view method) {
#define WEIR_METHOD_NAME(number, name, text) #text,
  constexpr std::string_view kMethods[] = {HTTP_METHOD_MAP(WEIR_METHOD_NAME)};
#undef WEIR_METHOD_NAME
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

}  // namespace weir::differential
