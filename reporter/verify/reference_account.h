// The account of one column of the request table that points into another table: every value must be there. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "reporter/verify/check.h"
#include "reporter/verify/number_set.h"

namespace weir::verify {

class ReferenceAccount {
 public:
  explicit ReferenceAccount(std::string table) : table_(std::move(table)) {}

  void add_known(std::int64_t id) { known_.insert(static_cast<std::uint64_t>(id)); }
  void add_use(std::int64_t row_id, std::int64_t reference) {
    // Rows name the same few again and again.
    if (reference != last_found_) {
      look_up(row_id, reference);
    }
  }

  const std::string& table() const { return table_; }
  std::uint64_t known_count() const { return known_.size(); }
  std::uint64_t unresolved_count() const { return unresolved_; }
  void judge(Check& check) const;

 private:
  void look_up(std::int64_t row_id, std::int64_t reference);

  std::string table_;
  NumberSet known_;
  std::int64_t last_found_ = 0;  // SQLite numbers from 1
  std::uint64_t unresolved_ = 0;
  std::string first_unresolved_;
};

}  // namespace weir::verify
