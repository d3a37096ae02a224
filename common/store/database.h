// One connection to an SQLite database, and the statements prepared on it. The only file pair that knows sqlite3.h.
// Nothing here throws: what fails says so by value, with SQLite's own words and the name of the statement.
// Used by the collector (the one writer) and the reporter (read-only); each object belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace weir::store {

enum class Failure {
  Missing,       // there is no such file
  NotADatabase,  // damaged, or not SQLite at all
  KeyTaken,      // a row with that key exists already
  Busy,          // another process holds the lock for longer than we wait
  Full,          // no space left
  ReadOnly,      // the file or its folder may not be written
  Unsuitable,    // a sound database, but another program's or a newer Weir's
  Other,
};

struct Error {
  Failure failure = Failure::Other;
  std::string message;  // one line, without the file's name
};

enum class Step { Row, Done, Failed };

// What a committed transaction stands.
enum class Survives {
  Kill,          // the death of any process (synchronous=NORMAL)
  PowerFailure,  // and of the machine: COMMIT returns when it is on the disk (synchronous=FULL)
};

// A prepared statement. Parameters count from 1 and columns from 0, as in SQLite. Use: bind all, step, then reset().
class Statement {
 public:
  Statement() = default;

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, double value);
  // Text and blobs are borrowed: they must live until reset() or the next bind.
  Statement& bind(int parameter, std::string_view text);
  Statement& bind_blob(int parameter, std::string_view octets);
  Statement& bind_null(int parameter);
  // NULL when there is no value.
  Statement& bind(int parameter, std::optional<std::int64_t> value);

  [[nodiscard]] Step step();
  // Steps a statement that gives no rows, and resets it. False when it failed.
  [[nodiscard]] bool run();
  // Ready to be bound and stepped again; what is bound stays bound.
  void reset();

  int column_count() const;
  std::string_view column_name(int column) const;
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  // Valid until the next step() or reset().
  std::string_view text(int column) const;
  std::string_view blob(int column) const;

  // Why the last step() or run() failed: "<name>: <SQLite's message>".
  const Error& error() const { return error_; }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void note(int result);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string name_;
  int bind_result_ = 0;
  Error error_;
};

class Database {
 public:
  // Opens for writing, creating the file, in WAL mode. Only the collector does this; it alone commits and checkpoints.
  static std::optional<Database> open_writer(const std::filesystem::path& path, Error& error) {
    return open_writer(path, Survives::Kill, error);
  }
  static std::optional<Database> open_writer(const std::filesystem::path& path, Survives survives, Error& error);
  // Opens for reading only; never checkpoints, never blocks the writer. Works while the collector runs, after it was
  // killed (its WAL is read along), and on a read-only folder whose WAL is empty.
  static std::optional<Database> open_reader(const std::filesystem::path& path, Error& error);

  // `name` is what errors call the statement, for example "insert request".
  std::optional<Statement> prepare(std::string_view name, std::string_view sql, Error& error);
  // Runs one or more statements that give no rows.
  [[nodiscard]] bool execute(std::string_view name, const std::string& sql, Error& error);
  // The first column of the only row; nothing when there is no row or it is NULL. A failure is told through `error`
  // when its message is not empty.
  std::optional<std::int64_t> query_integer(std::string_view name, std::string_view sql, Error& error);

  bool is_in_transaction() const;
  std::int64_t last_insert_id() const;
  // Has `tick` called now and then while a statement runs; an empty one ends that.
  void on_progress(std::function<void()> tick);
  // Stops a statement that runs on this connection; may be called from a signal handler or another thread.
  void interrupt();

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  static std::optional<Database> open(const std::string& name, int flags, Error& error);

  std::unique_ptr<sqlite3, Close> connection_;
  std::unique_ptr<std::function<void()>> tick_;  // on the heap: SQLite keeps its address
};

}  // namespace weir::store
