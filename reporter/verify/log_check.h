// Whether the JSON logs say what the database says: up to its committed length each log consists of whole lines, each of one
// row, and each row that should have a line has one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "reporter/verify/check.h"
#include "reporter/verify/ledger.h"
#include "reporter/verify/ledger_reader.h"
#include "reporter/verify/log_account.h"
#include "reporter/verify/log_line.h"
#include "reporter/verify/log_reader.h"

namespace weir::verify {

class LogCheck {
 public:
  enum class Collector { Running, Stopped };

  // All are borrowed and outlive this.
  LogCheck(const std::filesystem::path& data_dir, const Ledger& ledger, LedgerReader& reader, Collector collector, Check& check)
      : data_dir_(data_dir), ledger_(ledger), reader_(reader), collector_(collector), check_(check), account_(ledger.row_ids) {}

  // `progress` is told the fraction of the octets that are read.
  void run(const std::function<void(double)>& progress);

 private:
  // The rows that the lines of one log are of.
  struct Span {
    std::int64_t first_id = 0;
    std::int64_t last_id = 0;
  };
  struct Totals {
    std::uint64_t lines = 0;
    std::uint64_t invalid = 0;   // no JSON object with a request id
    std::uint64_t repeated = 0;  // of a row that has a line already
    std::uint64_t unknown = 0;   // of no row
    std::uint64_t older = 0;     // than every row
    std::uint64_t logs_missing = 0;
    std::uint64_t logs_shorter = 0;
    std::uint64_t uncommitted_bytes = 0;
    std::uint64_t rows_missing = 0;         // without the line that they should have
    std::uint64_t rows_before_log = 0;      // whose line was in a log that was taken away since, or never written
    std::uint64_t rows_after_all_lines = 0;  // later than every line there is
  };

  void read(const LogLength& log, const std::function<void(double)>& progress);
  void take(const LogLength& log, std::string_view line, std::uint64_t number, Check& found);
  void judge_end(const LogLength& log, const LogReading& reading, Check& found);
  // Whether somebody took the log away since the ledger was read, so that another was read in its place.
  bool was_replaced(const LogLength& log);
  void judge_rows_without_line();
  void judge_row_without_line(const RowFacts& row);
  void summarise();

  const std::filesystem::path& data_dir_;
  const Ledger& ledger_;
  LedgerReader& reader_;
  Collector collector_;
  Check& check_;
  LogAccount account_;
  LogLineParser parser_;
  std::map<std::string, Span, std::less<>> spans_;  // of logs with lines
  Totals totals_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_in_all_ = 0;
};

}  // namespace weir::verify
