// The database as the collector writes it: transactions and the rows of the request table. Owned by the Recorder.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "collector/reference_table.h"
#include "collector/traffic_record.h"
#include "common/store/database.h"

namespace weir::collector {

// Where an event comes from: its stream's number in the stream table, and its place there.
struct EventOrigin {
  std::int64_t stream = 0;
  std::uint64_t sequence = 0;
};

class RecordStore {
 public:
  // Opens or creates the database and brings its schema up to date.
  static std::unique_ptr<RecordStore> open(const std::filesystem::path& path, store::Survives survives, store::Error& error);

  store::Database& database() { return database_; }
  // Each gives false when the database failed; error() says why, and the transaction is to be rolled back.
  [[nodiscard]] bool begin();
  [[nodiscard]] bool commit();
  void roll_back();
  // Into `request` or `progress`. Gives the row's id: the time of completion, or the next free number after it.
  std::optional<std::int64_t> insert(const TrafficRecord& record, const EventOrigin& origin);

  // Whether the file that is open still has its name. When it was removed or replaced, rows would go nowhere.
  bool is_in_place() const;
  const store::Error& error() const { return error_; }

 private:
  struct Statements {
    store::Statement begin, commit, roll_back, insert, insert_progress, insert_observed;
    ReferenceTable clients, hosts, methods, reasons, rules, user_agents, content_types, users, tls_hellos, policies;
  };
  // The numbers that a record's texts are replaced by.
  struct References {
    std::int64_t client = 0, host = 0, method = 0;
    std::optional<std::int64_t> reason, rule, user_agent, content_type, user, tls_hello, policy;
  };

  static constexpr std::size_t kInsertParameters = 35;

  // Ids from begin to end, without end, that are known to be taken in one table.
  struct TakenIds {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };

  // What a parameter of the insert statement holds.
  struct Bound {
    enum class Kind : std::uint8_t { Unknown, Null, Number };
    Kind kind = Kind::Unknown;
    std::int64_t number = 0;
  };

  RecordStore(store::Database database, std::filesystem::path path) : database_(std::move(database)), path_(std::move(path)) {}
  bool prepare(store::Error& error);
  std::optional<std::int64_t> insert_request(const TrafficRecord& record, const EventOrigin& origin);
  std::optional<std::int64_t> insert_progress(const TrafficRecord& record, const EventOrigin& origin);
  bool resolve(const TrafficRecord& record, References& references);
  void bind(const TrafficRecord& record, const References& references, const EventOrigin& origin);
  void bind_changed(int parameter, std::int64_t value);
  void bind_changed(int parameter, std::optional<std::int64_t> value);
  std::optional<std::int64_t> insert_at_free_id(store::Statement& insert, TakenIds& taken, std::int64_t id);
  bool run(store::Statement& statement);

  store::Database database_;
  std::filesystem::path path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::optional<Statements> statements_;
  TakenIds taken_requests_;
  TakenIds taken_progress_;
  std::array<Bound, kInsertParameters + 1> bound_;  // by number
  std::string cleaned_path_;  // scratch
  store::Error error_;
};

}  // namespace weir::collector
