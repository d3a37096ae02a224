#include "reporter/database_file.h"

#include <system_error>

#include "common/store/schema.h"

namespace weir::reporter {

namespace {

std::string missing_line(const std::filesystem::path& path) {
  return "there is no database at " + path.string() +
         "; name the data directory with --data-dir, or start scripts/supervisor, which has one written";
}

std::string describe(const store::Error& failure) {
  switch (failure.failure) {
    case store::Failure::NotADatabase:
      return "it is damaged or not a database (" + failure.message + "); move it away, or choose another --data-dir";
    case store::Failure::Busy:
      return failure.message + "; try again";
    default:
      return failure.message;
  }
}

}  // namespace

std::string failure_line(const std::filesystem::path& path, const store::Error& failure) {
  return path.string() + ": " + describe(failure);
}

std::optional<DatabaseFile> open_database(const std::filesystem::path& data_dir, store::Error& failure) {
  const auto path = std::filesystem::absolute(data_dir / "Database" / "proxy_traffic.db").lexically_normal();
  std::error_code unreadable;
  if (!std::filesystem::exists(path, unreadable) && !unreadable) {
    failure = {store::Failure::Missing, missing_line(path)};
    return std::nullopt;
  }
  auto database = store::Database::open_reader(path, failure);
  if (!database) {
    failure.message = failure_line(path, failure);
    return std::nullopt;
  }
  const store::SchemaState state = store::schema_state(*database, failure);
  if (state == store::SchemaState::Older) {
    failure = {store::Failure::Unsuitable, "it was written by an older Weir; start scripts/supervisor once, which brings it up to date"};
  }
  if (state != store::SchemaState::Present && state != store::SchemaState::Empty) {
    failure.message = failure_line(path, failure);
    return std::nullopt;
  }
  return DatabaseFile{std::move(*database), path, state == store::SchemaState::Empty};
}

}  // namespace weir::reporter
