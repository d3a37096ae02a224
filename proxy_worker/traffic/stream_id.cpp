#include "proxy_worker/traffic/stream_id.h"

#include <array>
#include <cstdio>
#include <random>

namespace weir::traffic {

std::string new_stream_id(const std::string& stream_name) {
  std::random_device random;
  std::array<char, 24> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "-%08x%08x", random(), random());
  return stream_name + suffix.data();
}

}  // namespace weir::traffic
