#include "tests/fuzz/differential/message.h"

#include <iomanip>

namespace weir::differential {

std::ostream& operator<<(std::ostream& out, const Message& message) {
  constexpr const char* kVerdicts[] = {"refused", "incomplete", "complete"};
  out << kVerdicts[static_cast<int>(message.verdict)] << ", " << message.bytes << " octets, method " << std::quoted(message.method)
      << ", status " << message.status << ", HTTP/1." << message.minor_version << ", content " << std::quoted(message.content) << '\n';
  for (const auto& [name, value] : message.fields) {
    out << "  " << std::quoted(name) << ": " << std::quoted(value) << '\n';
  }
  return out;
}

}  // namespace weir::differential
