#include "collector/record_store.h"

#include <sys/stat.h>

#include <utility>
#include <vector>

#include "collector/text.h"
#include "common/base/ip_address.h"
#include "common/store/schema.h"

namespace weir::collector {

namespace {

constexpr std::string_view kInsert =
    "INSERT INTO request (id, duration_us, ttfb_us, client_id, host_id, port, method_id, scheme, status, outcome, fault,"
    " reason_id, rule_id, requests_in_window, bytes_sent, bytes_received, response_body_bytes, request_body_bytes,"
    " user_agent_id, content_type_id, path, origin_address, worker_id, connection_id, request_number, client_port,"
    " stream, sequence, told_bytes_sent, told_bytes_received, user_id, tls_hello_id, policy_id, rule_line,"
    " would_block) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,"
    " ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35)";

constexpr std::string_view kInsertProgress =
    "INSERT INTO progress (id, client_id, host_id, duration_us, bytes_sent, bytes_received, worker_id, connection_id,"
    " request_number, stream, sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

constexpr std::string_view kInsertObserved = "INSERT INTO observed_request (id) VALUES (?1)";

}  // namespace

std::unique_ptr<RecordStore> RecordStore::open(const std::filesystem::path& path, store::Survives survives, store::Error& error) {
  auto database = store::Database::open_writer(path, survives, error);
  if (!database || !store::migrate(*database, error)) {
    return nullptr;
  }
  std::unique_ptr<RecordStore> records(new RecordStore(std::move(*database), path));
  return records->prepare(error) ? std::move(records) : nullptr;
}

bool RecordStore::prepare(store::Error& error) {
  auto begin = database_.prepare("begin", "BEGIN IMMEDIATE", error);
  auto commit = database_.prepare("commit", "COMMIT", error);
  auto roll_back = database_.prepare("roll back", "ROLLBACK", error);
  auto insert = database_.prepare("insert request", kInsert, error);
  auto insert_progress = database_.prepare("insert progress", kInsertProgress, error);
  auto insert_observed = database_.prepare("insert observed request", kInsertObserved, error);
  auto clients = ReferenceTable::open(database_, "client", {"address"}, error);
  auto hosts = ReferenceTable::open(database_, "host", {"name"}, error);
  auto methods = ReferenceTable::open(database_, "method", {"name"}, error);
  auto reasons = ReferenceTable::open(database_, "reason", {"token"}, error);
  auto rules = ReferenceTable::open(database_, "rule", {"pattern", "list"}, error);
  auto user_agents = ReferenceTable::open(database_, "user_agent", {"text"}, error);
  auto content_types = ReferenceTable::open(database_, "content_type", {"text"}, error);
  auto users = ReferenceTable::open(database_, "user", {"name"}, error);
  auto policies = ReferenceTable::open(database_, "policy", {"version"}, error);
  auto tls_hellos = ReferenceTable::open(database_, "tls_hello", {"server_name", "offer"}, error);
  struct stat status {};
  if (!begin || !commit || !roll_back || !insert || !insert_progress || !insert_observed || !clients || !hosts || !methods ||
      !reasons || !rules || !user_agents || !content_types || !users || !tls_hellos || !policies || ::stat(path_.c_str(), &status) != 0) {
    return false;
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  statements_.emplace(Statements{std::move(*begin), std::move(*commit), std::move(*roll_back), std::move(*insert), std::move(*insert_progress),
                                 std::move(*insert_observed), std::move(*clients),
                                 std::move(*hosts), std::move(*methods), std::move(*reasons), std::move(*rules),
                                 std::move(*user_agents), std::move(*content_types), std::move(*users), std::move(*tls_hellos),
                                 std::move(*policies)});
  return true;
}

bool RecordStore::run(store::Statement& statement) {
  if (statement.run()) {
    return true;
  }
  error_ = statement.error();
  return false;
}

bool RecordStore::begin() { return run(statements_->begin); }

bool RecordStore::commit() { return run(statements_->commit); }

void RecordStore::roll_back() {
  // SQLite has rolled back by itself after some failures (disk full, input/output error).
  if (database_.is_in_transaction()) {
    (void)statements_->roll_back.run();
  }
  for (ReferenceTable* table : {&statements_->clients, &statements_->hosts, &statements_->methods, &statements_->reasons,
                                &statements_->rules, &statements_->user_agents, &statements_->content_types, &statements_->users,
                                &statements_->tls_hellos, &statements_->policies}) {
    table->forget_all();
  }
  taken_requests_ = taken_progress_ = {};
}

std::optional<std::int64_t> RecordStore::insert(const TrafficRecord& record, const EventOrigin& origin) {
  return record.kind == RecordKind::Progress ? insert_progress(record, origin) : insert_request(record, origin);
}

std::optional<std::int64_t> RecordStore::insert_progress(const TrafficRecord& record, const EventOrigin& origin) {
  const auto client = statements_->clients.number_of(record.client_address);
  const auto host = statements_->hosts.number_of(record.host);
  if (!client || !host) {
    error_ = !client ? statements_->clients.error() : statements_->hosts.error();
    return std::nullopt;
  }
  store::Statement& insert = statements_->insert_progress;
  insert.bind(2, *client).bind(3, *host).bind(4, record.duration_us).bind(5, record.bytes_sent).bind(6, record.bytes_received);
  insert.bind(7, std::int64_t{record.worker_id}).bind(8, record.connection_id).bind(9, std::int64_t{record.request_number});
  insert.bind(10, origin.stream).bind(11, static_cast<std::int64_t>(origin.sequence));
  const auto id = insert_at_free_id(insert, taken_progress_, record.completed_at_us);
  insert.reset();
  return id;
}

std::optional<std::int64_t> RecordStore::insert_request(const TrafficRecord& record, const EventOrigin& origin) {
  References references;
  if (!resolve(record, references)) {
    return std::nullopt;
  }
  bind(record, references, origin);
  const auto id = insert_at_free_id(statements_->insert, taken_requests_, record.completed_at_us);
  statements_->insert.reset();
  if (id && record.would_block && !run(statements_->insert_observed.bind(1, *id))) {
    return std::nullopt;
  }
  return id;
}

bool RecordStore::resolve(const TrafficRecord& record, References& references) {
  const auto required = [this](ReferenceTable& table, std::string_view text, std::int64_t& number) {
    const auto found = table.number_of(text);
    if (!found) {
      error_ = table.error();
      return false;
    }
    number = *found;
    return true;
  };
  const auto optional = [this](ReferenceTable& table, std::string_view text, std::optional<std::int64_t>& number) {
    if (text.empty()) {
      return true;
    }
    number = table.number_of(text);
    if (!number) {
      error_ = table.error();
    }
    return number.has_value();
  };
  Statements& s = *statements_;
  if (!record.rule.empty()) {
    references.rule = s.rules.number_of(record.rule, record.rule_list);
    if (!references.rule) {
      error_ = s.rules.error();
      return false;
    }
  }
  if (!record.tls_offer.empty()) {
    references.tls_hello = s.tls_hellos.number_of(record.tls_server_name, record.tls_offer);
    if (!references.tls_hello) {
      error_ = s.tls_hellos.error();
      return false;
    }
  }
  return required(s.clients, record.client_address, references.client) && required(s.hosts, record.host, references.host) &&
         required(s.methods, record.method, references.method) && optional(s.reasons, record.reason, references.reason) &&
         optional(s.user_agents, record.user_agent, references.user_agent) &&
         optional(s.content_types, record.content_type, references.content_type) && optional(s.users, record.user, references.user) &&
         optional(s.policies, record.policy_version, references.policy);
}

// What is bound stays bound from row to row, and most columns repeat: only what changed is bound again.
void RecordStore::bind_changed(int parameter, std::int64_t value) {
  Bound& bound = bound_[static_cast<std::size_t>(parameter)];
  if (bound.kind != Bound::Kind::Number || bound.number != value) {
    statements_->insert.bind(parameter, value);
    bound = {Bound::Kind::Number, value};
  }
}

void RecordStore::bind_changed(int parameter, std::optional<std::int64_t> value) {
  if (value) {
    bind_changed(parameter, *value);
  } else if (Bound& bound = bound_[static_cast<std::size_t>(parameter)]; bound.kind != Bound::Kind::Null) {
    statements_->insert.bind_null(parameter);
    bound = {Bound::Kind::Null, 0};
  }
}

void RecordStore::bind(const TrafficRecord& record, const References& references, const EventOrigin& origin) {
  int parameter = 1;  // the id, which is bound last
  const auto next = [&](auto value) { bind_changed(++parameter, static_cast<std::int64_t>(value)); };
  const auto next_or_null = [&](std::optional<std::int64_t> value) { bind_changed(++parameter, value); };
  next(record.duration_us);
  next_or_null(record.ttfb_us);
  next(references.client);
  next(references.host);
  next(record.port);
  next(references.method);
  next(record.scheme);
  next(record.status);
  next(record.outcome);
  next(record.fault);
  next_or_null(references.reason);
  next_or_null(references.rule);
  next_or_null(record.outcome == store::Outcome::RateLimited ? std::optional<std::int64_t>(record.requests_in_window) : std::nullopt);
  next(record.bytes_sent);
  next(record.bytes_received);
  next(record.response_body_bytes);
  next(record.request_body_bytes);
  next_or_null(references.user_agent);
  next_or_null(references.content_type);
  store::Statement& insert = statements_->insert;
  insert.bind(++parameter, clean_text(record.path, cleaned_path_));
  if (++parameter; record.origin_address.empty()) {
    insert.bind_null(parameter);
  } else {
    insert.bind(parameter, record.origin_address);
  }
  next(record.worker_id);
  next(record.connection_id);
  next(record.request_number);
  next(record.client_port);
  next(origin.stream);
  next(origin.sequence);
  next(record.told_bytes_sent);
  next(record.told_bytes_received);
  next_or_null(references.user);
  next_or_null(references.tls_hello);
  next_or_null(references.policy);
  next_or_null(record.rule_line != 0 ? std::optional<std::int64_t>(record.rule_line) : std::nullopt);
  next(record.would_block);
}

// Two requests rarely end in the same microsecond. When many claim one time (a clock that stands still), the run of
// taken ids is remembered, so that the search does not begin anew each time.
std::optional<std::int64_t> RecordStore::insert_at_free_id(store::Statement& insert, TakenIds& taken, std::int64_t id) {
  if (id >= taken.begin && id < taken.end) {
    id = taken.end;
  } else if (id != taken.end) {
    taken.begin = id;
  }
  while (true) {
    insert.bind(1, id);
    taken.end = id + 1;
    if (insert.step() != store::Step::Failed) {
      return id;
    }
    if (insert.error().failure != store::Failure::KeyTaken) {
      error_ = insert.error();
      return std::nullopt;
    }
    insert.reset();
    ++id;
  }
}

bool RecordStore::is_in_place() const {
  struct stat status {};
  return ::stat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

}  // namespace weir::collector
