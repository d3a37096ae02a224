// A response that Weir accepts is the same response to llhttp: status, version, fields, content, and where it ends. The first
// octet chooses the request's method; then comes all that the origin sends before it closes the connection.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/differential/comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "CONNECT", "POST"};
  if (size > 0) {
    weir::differential::compare_response({reinterpret_cast<const char*>(data) + 1, size - 1}, kMethods[data[0] % 4]);
  }
  return 0;
}
