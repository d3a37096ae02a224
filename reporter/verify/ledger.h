// What the database holds, as one read transaction saw it: the account of every stream, every row's id, and the lengths of
// the JSON logs. Pure values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reporter/verify/stream_account.h"

namespace weir::verify {

// A JSON log and how much of it belongs to committed transactions.
struct LogLength {
  std::string path;  // below the data directory
  std::int64_t committed_bytes = 0;
};

struct Ledger {
  std::string database_id;
  bool has_written_logs = false;  // in any transaction
  std::map<std::int64_t, StreamAccount> streams;  // by their numbers in the stream table
  std::vector<std::int64_t> row_ids;  // of requests, ascending
  std::uint64_t progress_rows = 0;    // they have no JSON lines
  std::vector<LogLength> logs;

  // Null when the database does not know it.
  const StreamAccount* find(std::string_view stream_id) const;
};

}  // namespace weir::verify
