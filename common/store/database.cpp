#include "common/store/database.h"

#include <sqlite3.h>

#include <array>
#include <system_error>
#include <utility>

namespace weir::store {

namespace {

// A reader may wait out a checkpoint; the writer has signals and sockets to answer.
constexpr int kReaderBusyTimeoutMs = 5'000;
constexpr int kWriterBusyTimeoutMs = 500;

Failure failure_of(int result) {
  if (result == SQLITE_CONSTRAINT_PRIMARYKEY || result == SQLITE_CONSTRAINT_ROWID || result == SQLITE_CONSTRAINT_UNIQUE) {
    return Failure::KeyTaken;
  }
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Failure::NotADatabase;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Failure::Busy;
    case SQLITE_FULL:
      return Failure::Full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Failure::ReadOnly;
    default:
      return Failure::Other;
  }
}

Error error_of(sqlite3* connection, int result, std::string_view name) {
  const char* words = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(result);
  return {failure_of(result), std::string(name) + ": " + words};
}

// SQLite's "file:" form of a path, in which ? # and % have a meaning.
std::string file_uri(const std::filesystem::path& path, std::string_view query) {
  std::string uri = "file:";
  for (const char character : path.native()) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    if (character == '?' || character == '#' || character == '%') {
      uri += '%';
      uri += kHex[static_cast<unsigned char>(character) >> 4];
      uri += kHex[static_cast<unsigned char>(character) & 15];
    } else {
      uri += character;
    }
  }
  return uri.append(query);
}

bool is_absent_or_empty(const std::filesystem::path& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return failed || size == 0;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::note(int result) {
  if (result != SQLITE_OK) {
    bind_result_ = result;
  }
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), parameter, value));
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  note(sqlite3_bind_double(statement_.get(), parameter, value));
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would mean NULL; empty text is not that.
  const char* data = text.data() != nullptr ? text.data() : "";
  note(sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view octets) {
  const char* data = octets.data() != nullptr ? octets.data() : "";
  note(sqlite3_bind_blob64(statement_.get(), parameter, data, octets.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  note(sqlite3_bind_null(statement_.get(), parameter));
  return *this;
}

Statement& Statement::bind(int parameter, std::optional<std::int64_t> value) {
  return value ? bind(parameter, *value) : bind_null(parameter);
}

Step Statement::step() {
  const int result = bind_result_ == SQLITE_OK ? sqlite3_step(statement_.get()) : bind_result_;
  if (result == SQLITE_ROW) {
    return Step::Row;
  }
  if (result == SQLITE_DONE) {
    return Step::Done;
  }
  error_ = error_of(sqlite3_db_handle(statement_.get()), result, name_);
  return Step::Failed;
}

bool Statement::run() {
  const bool is_done = step() != Step::Failed;
  reset();
  return is_done;
}

void Statement::reset() {
  // Repeats the result of the last step, which step() has told already.
  (void)sqlite3_reset(statement_.get());
  bind_result_ = SQLITE_OK;
}

int Statement::column_count() const { return sqlite3_column_count(statement_.get()); }

std::string_view Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(statement_.get(), column);
  return name != nullptr ? name : std::string_view();
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text != nullptr ? std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
                         : std::string_view();
}

std::string_view Statement::blob(int column) const {
  const auto* octets = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return octets != nullptr ? std::string_view(octets, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
                           : std::string_view();
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

std::optional<Database> Database::open(const std::string& name, int flags, Error& error) {
  // Nobody asks how much memory SQLite has; counting it takes a mutex for each allocation.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3* connection = nullptr;
  constexpr int kAlways = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(name.c_str(), &connection, flags | kAlways, nullptr);
  Database database;
  database.connection_.reset(connection);
  if (result != SQLITE_OK) {
    error = error_of(connection, result, "open");
    return std::nullopt;
  }
  const bool is_writer = (flags & SQLITE_OPEN_READWRITE) != 0;
  sqlite3_busy_timeout(connection, is_writer ? kWriterBusyTimeoutMs : kReaderBusyTimeoutMs);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

std::optional<Database> Database::open_writer(const std::filesystem::path& path, Survives survives, Error& error) {
  auto database = open(file_uri(path, ""), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
  // journal_size_limit: a WAL that grew during a long read shrinks again afterwards.
  const std::string synchronous = survives == Survives::PowerFailure ? "FULL" : "NORMAL";
  if (database && !database->execute("set up database",
                                     "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = " + synchronous +
                                     ";PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 2000;"
                                     "PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY",
                                     error)) {
    return std::nullopt;
  }
  return database;
}

std::optional<Database> Database::open_reader(const std::filesystem::path& path, Error& error) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) {
    error = {Failure::Missing, failed ? failed.message() : "no such file"};
    return std::nullopt;
  }
  constexpr std::string_view kFirstRead = "SELECT count(*) FROM sqlite_schema";
  const auto try_open = [&](std::string_view query) {
    auto database = open(file_uri(path, query), SQLITE_OPEN_READONLY, error);
    if (database) {
      sqlite3_db_config(database->connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
      error = {};
      if (!database->query_integer("read database", kFirstRead, error) ||
          !database->execute("set up reading", "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384", error)) {
        database.reset();
      }
    }
    return database;
  };
  auto database = try_open("");
  // Where the shared-memory file can be neither opened nor made (a read-only folder), the database can still be read
  // as it stands, if there is no WAL to take into account.
  if (!database && error.failure == Failure::Other && is_absent_or_empty(path.native() + "-wal")) {
    database = try_open("?immutable=1");
  }
  return database;
}

std::optional<Statement> Database::prepare(std::string_view name, std::string_view sql, Error& error) {
  sqlite3_stmt* prepared = nullptr;
  const int result = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &prepared, nullptr);
  Statement statement;
  statement.statement_.reset(prepared);
  statement.name_ = name;
  if (result != SQLITE_OK) {
    error = error_of(connection_.get(), result, name);
    return std::nullopt;
  }
  return statement;
}

bool Database::execute(std::string_view name, const std::string& sql, Error& error) {
  const int result = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) {
    error = error_of(connection_.get(), result, name);
  }
  return result == SQLITE_OK;
}

std::optional<std::int64_t> Database::query_integer(std::string_view name, std::string_view sql, Error& error) {
  auto statement = prepare(name, sql, error);
  if (!statement) {
    return std::nullopt;
  }
  const Step step = statement->step();
  if (step == Step::Failed) {
    error = statement->error();
  }
  return step == Step::Row && !statement->is_null(0) ? std::optional(statement->integer(0)) : std::nullopt;
}

bool Database::is_in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(connection_.get()); }

void Database::on_progress(std::function<void()> tick) {
  constexpr int kInstructions = 100'000;
  tick_ = tick ? std::make_unique<std::function<void()>>(std::move(tick)) : nullptr;
  const auto call = [](void* function) {
    (*static_cast<std::function<void()>*>(function))();
    return 0;  // goes on
  };
  sqlite3_progress_handler(connection_.get(), tick_ ? kInstructions : 0, tick_ ? +call : nullptr, tick_.get());
}

void Database::interrupt() { sqlite3_interrupt(connection_.get()); }

}  // namespace weir::store
