#include "reporter/verify/reference_account.h"

namespace weir::verify {

void ReferenceAccount::look_up(std::int64_t row_id, std::int64_t reference) {
  if (known_.contains(static_cast<std::uint64_t>(reference))) {
    last_found_ = reference;
  } else if (unresolved_++ == 0) {
    first_unresolved_ = table_ + " " + std::to_string(reference) + " (request id " + std::to_string(row_id) + ")";
  }
}

void ReferenceAccount::judge(Check& check) const {
  if (unresolved_ > 0) {
    check.fault(counted(unresolved_, "row") + " with a " + table_ + " that is not in its table, first " + first_unresolved_);
  }
}

}  // namespace weir::verify
