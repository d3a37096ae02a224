#include "common/store/schema.h"

#include <span>
#include <string_view>

#include "common/store/outcome.h"

namespace weir::store {

namespace {

// One row for each request, in the order of completion: the primary key is the time index. There is no other index on
// purpose (docs/decisions/0010-no-secondary-index.md).
constexpr std::string_view kTables = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('database_id', lower(hex(randomblob(8))));

CREATE TABLE client (id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE method (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE reason (id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE rule (id INTEGER PRIMARY KEY, pattern TEXT NOT NULL, list TEXT NOT NULL, UNIQUE (pattern, list)) STRICT;
CREATE TABLE user_agent (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE content_type (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE stream (
  id INTEGER PRIMARY KEY,
  stream_id TEXT NOT NULL UNIQUE,
  last_sequence INTEGER NOT NULL
) STRICT;
CREATE TABLE gap (
  stream_id TEXT NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  noticed_at_us INTEGER NOT NULL,
  PRIMARY KEY (stream_id, first_sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE json_file (path TEXT PRIMARY KEY, committed_bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE request (
  id INTEGER PRIMARY KEY,
  duration_us INTEGER NOT NULL,
  ttfb_us INTEGER,
  client_id INTEGER NOT NULL,
  host_id INTEGER NOT NULL,
  port INTEGER NOT NULL,
  method_id INTEGER NOT NULL,
  scheme INTEGER NOT NULL,
  status INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  fault INTEGER NOT NULL,
  reason_id INTEGER,
  rule_id INTEGER,
  requests_in_window INTEGER,
  bytes_sent INTEGER NOT NULL,
  bytes_received INTEGER NOT NULL,
  response_body_bytes INTEGER NOT NULL,
  request_body_bytes INTEGER NOT NULL,
  user_agent_id INTEGER,
  content_type_id INTEGER,
  path TEXT NOT NULL,
  origin_address TEXT,
  worker_id INTEGER NOT NULL,
  connection_id INTEGER NOT NULL,
  request_number INTEGER NOT NULL,
  client_port INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
)sql";

// Local time as Python's datetime.now().isoformat() writes it; NULL of NULL.
std::string local_time(const std::string& column_us) {
  return "strftime('%Y-%m-%dT%H:%M:%S', " + column_us + " / 1000000, 'unixepoch', 'localtime') || printf('.%06d', " + column_us + " % 1000000)";
}

// LEFT JOIN lets SQLite leave out a table that a query does not need. The unary + keeps it from building an index over
// the whole request table when a query asks for one host.
constexpr std::string_view kClientAndHost =
    " FROM request LEFT JOIN client ON client.id = +request.client_id LEFT JOIN host ON host.id = +request.host_id";

std::string number(Outcome outcome) { return std::to_string(static_cast<int>(outcome)); }
std::string number(Fault fault) { return std::to_string(static_cast<int>(fault)); }

// "CASE column WHEN 0 THEN 'unknown' ... END"
std::string words_case(std::string_view column, std::span<const std::string_view> words) {
  std::string sql = "CASE " + std::string(column);
  for (std::size_t value = 0; value < words.size(); ++value) {
    sql += " WHEN " + std::to_string(value) + " THEN '" + std::string(words[value]) + "'";
  }
  return sql + " ELSE 'unknown' END";
}

std::string requests_view() {
  return "CREATE VIEW requests AS SELECT request.id AS id, " + local_time("request.id") +
         " AS timestamp, client.address AS source_ip, host.name AS destination_host, request.port AS destination_port,"
         " method.name AS request_method, CASE request.scheme WHEN 2 THEN 'HTTPS' ELSE 'HTTP' END AS protocol,"
         " request.bytes_sent AS bytes_sent, request.bytes_received AS bytes_received,"
         " request.duration_us / 1e6 AS duration_seconds, request.ttfb_us / 1e6 AS ttfb_seconds" +
         std::string(kClientAndHost) + " LEFT JOIN method ON method.id = +request.method_id WHERE request.outcome = " +
         number(Outcome::Served) + ";\n";
}

std::string blocked_requests_view() {
  return "CREATE VIEW blocked_requests AS SELECT request.id AS id, " + local_time("request.id") +
         " AS timestamp, client.address AS source_ip, host.name AS blocked_hostname, CASE reason.token WHEN '" +
         std::string(kBlockedDomain) + "' THEN 'Blocklist' ELSE reason.token END AS reason" + std::string(kClientAndHost) +
         " LEFT JOIN reason ON reason.id = +request.reason_id WHERE request.fault = " + number(Fault::Policy) +
         " AND request.outcome <> " + number(Outcome::RateLimited) + ";\n";
}

std::string rate_limit_violations_view() {
  return "CREATE VIEW rate_limit_violations AS SELECT request.id AS id, " + local_time("request.id") +
         " AS timestamp, client.address AS source_ip, request.requests_in_window AS request_count FROM request"
         " LEFT JOIN client ON client.id = +request.client_id WHERE request.outcome = " +
         number(Outcome::RateLimited) + ";\n";
}

// Every column of `request`, with references and numbers resolved to text; and what later versions have more.
std::string all_requests_view(std::string_view further_columns = "", std::string_view further_joins = "") {
  return "CREATE VIEW all_requests AS SELECT request.id AS id, " + local_time("request.id") +
         " AS timestamp, client.address AS client_address, request.client_port AS client_port, method.name AS method, " +
         words_case("request.scheme", kSchemeWords) +
         " AS scheme, host.name AS host, request.port AS port, request.path AS path, request.status AS status, " +
         words_case("request.outcome", kOutcomeWords) + " AS outcome, " + words_case("request.fault", kFaultWords) +
         " AS fault, reason.token AS reason, rule.pattern AS rule, rule.list AS rule_list,"
         " request.requests_in_window AS requests_in_window, request.duration_us AS duration_us, request.ttfb_us AS ttfb_us,"
         " request.bytes_sent AS bytes_sent, request.bytes_received AS bytes_received,"
         " request.response_body_bytes AS response_body_bytes, request.request_body_bytes AS request_body_bytes,"
         " user_agent.text AS user_agent, content_type.text AS content_type, request.origin_address AS origin_address,"
         " request.worker_id AS worker_id, request.connection_id AS connection_id, request.request_number AS request_number,"
         " stream.stream_id AS stream_id, request.sequence AS sequence" +
         std::string(further_columns) + std::string(kClientAndHost) + std::string(further_joins) +
         " LEFT JOIN method ON method.id = +request.method_id LEFT JOIN reason ON reason.id = +request.reason_id"
         " LEFT JOIN rule ON rule.id = +request.rule_id LEFT JOIN user_agent ON user_agent.id = +request.user_agent_id"
         " LEFT JOIN content_type ON content_type.id = +request.content_type_id"
         " LEFT JOIN stream ON stream.id = +request.stream;\n";
}

std::string first_schema() {
  return std::string(kTables) + requests_view() + blocked_requests_view() + rate_limit_violations_view() + all_requests_view();
}

// What a gap's neighbours say of when it was; progress of requests that go on; and the traffic of both as it moved.
std::string second_schema() {
  return R"sql(
ALTER TABLE stream ADD COLUMN last_completed_at_us INTEGER;
ALTER TABLE gap ADD COLUMN after_us INTEGER;
ALTER TABLE gap ADD COLUMN before_us INTEGER;
ALTER TABLE request ADD COLUMN told_bytes_sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request ADD COLUMN told_bytes_received INTEGER NOT NULL DEFAULT 0;
CREATE TABLE progress (
  id INTEGER PRIMARY KEY,
  client_id INTEGER NOT NULL,
  host_id INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  bytes_sent INTEGER NOT NULL,
  bytes_received INTEGER NOT NULL,
  worker_id INTEGER NOT NULL,
  connection_id INTEGER NOT NULL,
  request_number INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
CREATE VIEW traffic AS
  SELECT id, client_id, host_id, bytes_sent - told_bytes_sent AS bytes_sent, bytes_received - told_bytes_received AS bytes_received
    FROM request
  UNION ALL SELECT id, client_id, host_id, bytes_sent, bytes_received FROM progress;
CREATE VIEW gaps AS SELECT stream_id, first_sequence, last_sequence, last_sequence - first_sequence + 1 AS events, )sql" +
         local_time("after_us") + " AS after, " + local_time("before_us") + " AS before, " + local_time("noticed_at_us") +
         " AS noticed FROM gap;\n";
}

// What later schemas add to all_requests.
constexpr std::string_view kUserAndHelloColumns = ", user.name AS user, tls_hello.server_name AS tls_server_name, tls_hello.offer AS tls_offer";
constexpr std::string_view kUserAndHelloJoins =
    " LEFT JOIN user ON user.id = +request.user_id LEFT JOIN tls_hello ON tls_hello.id = +request.tls_hello_id";

// Who has logged in, and what the ClientHello in a tunnel says.
std::string third_schema() {
  return R"sql(
CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE tls_hello (id INTEGER PRIMARY KEY, server_name TEXT NOT NULL, offer TEXT NOT NULL, UNIQUE (server_name, offer)) STRICT;
ALTER TABLE request ADD COLUMN user_id INTEGER;
ALTER TABLE request ADD COLUMN tls_hello_id INTEGER;
DROP VIEW all_requests;
)sql" + all_requests_view(kUserAndHelloColumns, kUserAndHelloJoins);
}

// Which policy was in force, and what observed rules would have blocked.
std::string fourth_schema() {
  return R"sql(
CREATE TABLE policy (id INTEGER PRIMARY KEY, version TEXT NOT NULL UNIQUE) STRICT;
ALTER TABLE request ADD COLUMN policy_id INTEGER;
ALTER TABLE request ADD COLUMN rule_line INTEGER;
ALTER TABLE request ADD COLUMN would_block INTEGER NOT NULL DEFAULT 0;
CREATE INDEX request_would_block ON request (rule_id, rule_line) WHERE would_block = 1;
DROP VIEW all_requests;
)sql" + all_requests_view(std::string(kUserAndHelloColumns) +
                              ", policy.version AS policy, request.rule_line AS rule_line, request.would_block AS would_block",
                          std::string(kUserAndHelloJoins) + " LEFT JOIN policy ON policy.id = +request.policy_id");
}

// What observed rules would have blocked, for reports that need not look at all requests, in place of an index of those
// requests alone: for that SQLite opens a cursor with every row.
std::string fifth_schema() {
  return R"sql(
CREATE TABLE observed_request (id INTEGER PRIMARY KEY) STRICT;
INSERT INTO observed_request SELECT id FROM request INDEXED BY request_would_block WHERE would_block = 1;
DROP INDEX request_would_block;
)sql";
}

bool apply(Database& database, std::int64_t version, Error& error) {
  const std::string text = std::to_string(version);
  const std::string sql = "BEGIN IMMEDIATE;\n" + migration_sql(version) + "INSERT OR REPLACE INTO meta VALUES ('schema_version', " +
                          text + ");\nPRAGMA application_id = " + std::to_string(kApplicationId) + ";\nCOMMIT";
  if (database.execute("create schema version " + text, sql, error)) {
    return true;
  }
  Error ignored;
  (void)database.execute("roll back", "ROLLBACK", ignored);
  return false;
}

struct Found {
  SchemaState state = SchemaState::Failed;
  std::int64_t version = 0;
};

Found find_version(Database& database, Error& error) {
  error = {};
  const auto tables = database.query_integer("count tables", "SELECT count(*) FROM sqlite_schema", error);
  if (!tables) {
    return {};
  }
  if (*tables == 0) {
    return {SchemaState::Empty, 0};
  }
  const auto application = database.query_integer("read application id", "PRAGMA application_id", error);
  if (application && *application != kApplicationId) {
    error = {Failure::Unsuitable, "it is the database of another program; move it away or choose another --data-dir"};
    return {SchemaState::Foreign, 0};
  }
  const auto version = database.query_integer("read schema version", "SELECT value FROM meta WHERE name = 'schema_version'", error);
  if (!version) {
    error = error.message.empty() ? Error{Failure::NotADatabase, "it has no schema version"} : error;
    return {};
  }
  if (*version > kSchemaVersion) {
    error = {Failure::Unsuitable, "it was written by a newer Weir (schema " + std::to_string(*version) + ", this one knows " +
                                 std::to_string(kSchemaVersion) + "); use that version"};
    return {SchemaState::Newer, *version};
  }
  return {*version < kSchemaVersion ? SchemaState::Older : SchemaState::Present, *version};
}

}  // namespace

std::string migration_sql(std::int64_t version) {
  switch (version) {
    case 1:
      return first_schema();
    case 2:
      return second_schema();
    case 3:
      return third_schema();
    case 4:
      return fourth_schema();
    case 5:
      return fifth_schema();
    default:
      return {};
  }
}

SchemaState schema_state(Database& database, Error& error) { return find_version(database, error).state; }

bool migrate(Database& database, Error& error) {
  const Found found = find_version(database, error);
  if (found.state == SchemaState::Newer || found.state == SchemaState::Foreign || found.state == SchemaState::Failed) {
    return false;
  }
  for (std::int64_t version = found.version + 1; version <= kSchemaVersion; ++version) {
    if (!apply(database, version, error)) {
      return false;
    }
  }
  return true;
}

}  // namespace weir::store
