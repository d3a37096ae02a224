#include "reporter/verify/log_account.h"

#include <algorithm>

namespace weir::verify {

LogAccount::Entry LogAccount::add_line(std::int64_t request_id) {
  if (next_ >= row_ids_.size() || row_ids_[next_] != request_id) {
    next_ = static_cast<std::size_t>(std::lower_bound(row_ids_.begin(), row_ids_.end(), request_id) - row_ids_.begin());
  }
  if (next_ == row_ids_.size() || row_ids_[next_] != request_id) {
    return !row_ids_.empty() && request_id < row_ids_.front() ? Entry::Older : Entry::Unknown;
  }
  if (has_line_[next_]) {
    return Entry::Repeated;
  }
  has_line_[next_++] = true;
  ++rows_with_line_;
  last_id_with_line_ = std::max(last_id_with_line_, request_id);
  return Entry::First;
}

std::vector<LogAccount::Run> LogAccount::rows_without_line() const {
  std::vector<Run> runs;
  bool is_in_run = false;
  for (std::size_t index = 0; index < row_ids_.size(); ++index) {
    if (!has_line_[index]) {
      if (!is_in_run) {
        runs.push_back({row_ids_[index], row_ids_[index], 0});
      }
      runs.back().last_id = row_ids_[index];
      ++runs.back().count;
    }
    is_in_run = !has_line_[index];
  }
  return runs;
}

}  // namespace weir::verify
