// The database's tables and views, and how an older database becomes the present one. docs/records.md explains every
// column. The collector creates and migrates; the reporter only checks.
#pragma once

#include <cstdint>
#include <string>

#include "common/store/database.h"

namespace weir::store {

inline constexpr std::int64_t kSchemaVersion = 5;
// "Weir" in the file's header (PRAGMA application_id): tells our database from another program's.
inline constexpr std::int64_t kApplicationId = 0x57656972;

enum class SchemaState {
  Present,  // this version
  Empty,    // no table yet
  Older,    // the collector will bring it up to date
  Newer,    // written by a newer Weir
  Foreign,  // another program's database
  Failed,   // could not be read; `error` says why
};

// What the database holds. `error` is filled, in words fit for a user, for Newer, Foreign and Failed.
SchemaState schema_state(Database& database, Error& error);

// Creates the schema or brings it up to date, each step in one transaction. False with `error` when that failed or is
// not possible (Newer, Foreign).
[[nodiscard]] bool migrate(Database& database, Error& error);

// The complete SQL of one migration, for those who want to read it; `version` from 1 to kSchemaVersion.
std::string migration_sql(std::int64_t version);

}  // namespace weir::store
