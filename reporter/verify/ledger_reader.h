// Reads a Ledger from the database. Every SELECT of a verification is here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/store/database.h"
#include "reporter/verify/check.h"
#include "reporter/verify/ledger.h"

namespace weir::verify {

// A row and what its JSON line would say; see find_row().
struct RowFacts {
  std::int64_t id = 0;
  std::string log;  // the file that its line belongs to
  std::string host;
  std::string path;
};

class LedgerReader {
 public:
  using Progress = std::function<void(double fraction)>;

  explicit LedgerReader(store::Database& database) : database_(database) {}

  enum class Depth { Quick, Full };
  // SQLite's own check of the file. `tick` is called now and then; how far it is cannot be known.
  void check_integrity(Depth depth, const std::function<void()>& tick, Check& check);

  // Reads it all, in a transaction of its own. What does not fit together within the rows goes to `references`; gaps
  // without a stream, and rows without one, go to `streams`. False, with the reason as a fault of `streams`, when the
  // database cannot be read to its end.
  bool read(const Progress& progress, Check& streams, Check& references, Ledger& ledger);

  // Shows each row with an id from `first` to `last` to `take`, outside of the transaction: rows do not change.
  [[nodiscard]] bool find_rows(std::int64_t first, std::int64_t last, const std::function<void(const RowFacts&)>& take,
                               store::Error& error);
  // As it is now; nothing when the database does not know the log.
  std::optional<std::int64_t> committed_bytes(const std::string& log);

 private:
  bool read_heading(Ledger& ledger, store::Error& error);
  bool read_streams(Ledger& ledger, Check& check, store::Error& error);
  bool read_logs(Ledger& ledger, store::Error& error);
  bool read_rows(const Progress& progress, Check& streams, Check& references, Ledger& ledger, store::Error& error);

  store::Database& database_;
  std::optional<store::Statement> find_rows_;  // once it was needed
};

}  // namespace weir::verify
