#include "reporter/verify/log_line.h"

#include <simdjson.h>

namespace weir::verify {

struct LogLineParser::Parser {
  simdjson::dom::parser parser;
};

LogLineParser::LogLineParser() : parser_(std::make_unique<Parser>()) {}
LogLineParser::~LogLineParser() = default;

std::optional<std::int64_t> LogLineParser::request_id_of(std::string_view line, std::string& error) {
  simdjson::dom::object object;
  std::int64_t id = 0;
  if (parser_->parser.parse(line.data(), line.size()).get_object().get(object) != simdjson::SUCCESS) {
    error = "is not a JSON object";
    return std::nullopt;
  }
  if (object["Request id"].get_int64().get(id) != simdjson::SUCCESS || id < 0) {
    error = "has no request id";
    return std::nullopt;
  }
  return id;
}

}  // namespace weir::verify
