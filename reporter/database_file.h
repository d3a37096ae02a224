// Opens the database of a data directory for reading, and puts what is wrong with it in words for a user.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/store/database.h"

namespace weir::reporter {

struct DatabaseFile {
  store::Database database;
  std::filesystem::path path;
  bool is_empty = false;  // the collector has not made its tables yet
};

// On failure the message is a line: where the database was looked for, what is wrong and what to do.
std::optional<DatabaseFile> open_database(const std::filesystem::path& data_dir, store::Error& failure);

// What went wrong with the database at `path`, and what to do, in one line.
std::string failure_line(const std::filesystem::path& path, const store::Error& failure);

}  // namespace weir::reporter
