// A request that Weir accepts is the same request to llhttp: method, version, fields, content, and where it ends. What one
// reader takes for one request, the other may not take for two.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/differential/comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::differential::compare_request({reinterpret_cast<const char*>(data), size});
  return 0;
}
