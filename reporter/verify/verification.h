// Proves, or disproves, that an installation's records add up: database, streams, JSON logs and spools. It only reads,
// whether the rest of Weir runs or not.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/database.h"
#include "reporter/verify/check.h"
#include "reporter/verify/ledger_reader.h"

namespace weir::verify {

struct Verification {
  std::string data_dir;
  std::string database_id;
  std::optional<pid_t> collector_pid;  // of the collector that runs
  std::vector<Check> checks;

  bool is_sound() const;  // no check failed
};

// The part of the work that is under way, and how much of it is done; nothing when that cannot be known.
using Progress = std::function<void(std::string_view part, std::optional<double> fraction)>;

// `database` is of Weir's present schema; `has_tables` tells whether the collector has made them already.
struct Subject {
  std::filesystem::path data_dir;
  store::Database& database;
  bool has_tables = true;
};
Verification verify(const Subject& subject, LedgerReader::Depth depth, const Progress& progress);

// Of a database that cannot be opened, because of what `why` says.
Verification verify_unreadable(const std::filesystem::path& data_dir, const std::string& why);

}  // namespace weir::verify
