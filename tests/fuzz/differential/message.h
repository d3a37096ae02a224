// What a reader of HTTP/1.1 says about the message that some octets begin with, in terms that two readers share.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace weir::differential {

enum class Verdict { Refused, Incomplete, Complete };

// Beside the verdict, only what a complete message has means anything.
struct Message {
  Verdict verdict = Verdict::Incomplete;
  std::string method;   // of a request
  unsigned status = 0;  // of a response
  unsigned minor_version = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // names and values of the head and then of the trailers
  std::string content;
  std::size_t bytes = 0;  // of the whole message, with empty lines before it

  bool operator==(const Message&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Message& message);

}  // namespace weir::differential
