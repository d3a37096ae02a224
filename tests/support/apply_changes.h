// A head from the one that it was made of and its changes (HeadChanges in proto/traffic_event.proto).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::tests {

template <class Steps>
std::string apply_changes(const Steps& steps, std::string_view text, std::string_view head) {
  std::string changed;
  std::size_t step[3] = {};
  std::size_t part = 0;
  for (const auto octets : steps) {
    step[part] = octets;
    if (part = (part + 1) % 3; part == 0) {
      changed += text.substr(0, step[0]);
      text.remove_prefix(step[0]);
      head.remove_prefix(step[1]);
      changed += head.substr(0, step[2]);
      head.remove_prefix(step[2]);
    }
  }
  return changed;
}

}  // namespace weir::tests
