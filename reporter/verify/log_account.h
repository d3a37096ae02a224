// The account of the JSON logs: each line carries the number of one row, and no row's number stands in two lines. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace weir::verify {

class LogAccount {
 public:
  // `row_ids`, ascending, is borrowed and outlives the account.
  explicit LogAccount(const std::vector<std::int64_t>& row_ids) : row_ids_(row_ids), has_line_(row_ids.size(), false) {}

  enum class Entry {
    First,     // of this row
    Repeated,  // the row has a line already
    Older,     // than every row: of an earlier database, or of rows that were removed because of their age
    Unknown,   // there is no such row
  };
  Entry add_line(std::int64_t request_id);

  // Runs of neighbouring rows without a line, by the ids of the first and the last.
  struct Run {
    std::int64_t first_id = 0;
    std::int64_t last_id = 0;
    std::uint64_t count = 0;
  };
  std::vector<Run> rows_without_line() const;
  std::uint64_t rows_with_line() const { return rows_with_line_; }
  // Of the rows that have a line, the last one's id; the least number when none has.
  std::int64_t last_id_with_line() const { return last_id_with_line_; }

 private:
  const std::vector<std::int64_t>& row_ids_;
  std::vector<bool> has_line_;
  std::size_t next_ = 0;  // the row that a log's next line most likely belongs to
  std::uint64_t rows_with_line_ = 0;
  std::int64_t last_id_with_line_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace weir::verify
