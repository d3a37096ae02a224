// The number that stands for a text (a host name, a user agent, a rule) in the request table. Remembers the numbers in
// use, within bounds. Owned by the RecordStore.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/store/database.h"

namespace weir::collector {

class ReferenceTable {
 public:
  // `columns` is the table's one text column, or two of them.
  static std::optional<ReferenceTable> open(store::Database& database, const std::string& table,
                                            const std::vector<std::string>& columns, store::Error& error);

  // The number of that text, entering it when it is new. Nothing when the database failed; error() says why.
  std::optional<std::int64_t> number_of(std::string_view text);
  std::optional<std::int64_t> number_of(std::string_view first, std::string_view second);
  // After a transaction was rolled back: the numbers that it gave are void.
  void forget_all();
  const store::Error& error() const { return error_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  ReferenceTable(store::Database& database, store::Statement select, store::Statement insert)
      : database_(&database), select_(std::move(select)), insert_(std::move(insert)) {}
  std::optional<std::int64_t> look_up(std::string_view first, std::string_view second);

  store::Database* database_;  // owned by the RecordStore
  store::Statement select_;
  store::Statement insert_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> numbers_;
  const std::pair<const std::string, std::int64_t>* last_ = nullptr;  // of numbers_: the same is often asked for again
  std::string key_;      // scratch
  std::string cleaned_;  // scratch
  std::string cleaned_second_;
  bool is_pair_ = false;
  store::Error error_;
};

}  // namespace weir::collector
