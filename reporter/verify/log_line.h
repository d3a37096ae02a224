// What a line of a JSON log says. The only file pair that knows simdjson (docs/decisions/0025-simdjson-for-the-proof.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::verify {

// Keeps its memory from one line to the next.
class LogLineParser {
 public:
  LogLineParser();
  ~LogLineParser();

  // The value of "Request id"; nothing, with `error`, when the line is not one whole JSON object or has none.
  std::optional<std::int64_t> request_id_of(std::string_view line, std::string& error);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace weir::verify
