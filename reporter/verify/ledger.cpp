#include "reporter/verify/ledger.h"

#include <algorithm>

namespace weir::verify {

const StreamAccount* Ledger::find(std::string_view stream_id) const {
  const auto found = std::find_if(streams.begin(), streams.end(), [&](const auto& entry) { return entry.second.stream_id() == stream_id; });
  return found != streams.end() ? &found->second : nullptr;
}

}  // namespace weir::verify
