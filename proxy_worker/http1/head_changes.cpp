#include "proxy_worker/http1/head_changes.h"

namespace weir::http1 {

void HeadChanges::clear() {
  steps_.clear();
  text_.clear();
}

void HeadChanges::extend(Part part, std::size_t octets) {
  const bool is_copying = part == Copied;
  if (steps_.empty() || (!is_copying && steps_[steps_.size() - Parts + Copied] > 0)) {
    steps_.resize(steps_.size() + Parts);
  }
  steps_[steps_.size() - Parts + part] += static_cast<std::uint32_t>(octets);
}

void HeadChanges::put_in(std::string_view text) {
  extend(PutIn, text.size());
  text_ += text;
}

void HeadChanges::leave_out(std::size_t octets) { extend(LeftOut, octets); }

void HeadChanges::copy(std::size_t octets) { extend(Copied, octets); }

}  // namespace weir::http1
