#include "reporter/verify/ledger_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "common/store/log_file.h"
#include "reporter/verify/reference_account.h"

namespace weir::verify {

namespace {

// A progress bar does not need more.
constexpr std::uint64_t kRowsPerProgress = 65'536;
constexpr std::uint64_t kReservedRowsMax = 1u << 26;

// Column 3 on: references, in the order of kReferenced.
constexpr std::string_view kRows =
    "SELECT id, stream, sequence, client_id, host_id, method_id, reason_id, rule_id, user_agent_id, content_type_id, user_id, tls_hello_id"
    " FROM request ORDER BY id";
constexpr int kFirstReference = 3;
constexpr std::array<std::string_view, 9> kReferenced{"client", "host", "method", "reason", "rule", "user_agent", "content_type", "user", "tls_hello"};

// Its references are the first two of them.
constexpr std::string_view kProgress = "SELECT id, stream, sequence, client_id, host_id FROM progress ORDER BY id";

constexpr std::string_view kGaps = "SELECT stream_id, first_sequence, last_sequence, noticed_at_us, after_us, before_us FROM gap";

constexpr std::string_view kRowFacts =
    "SELECT request.id, host.name, outcome, fault, reason.token, origin_address IS NOT NULL, path FROM request"
    " LEFT JOIN host ON host.id = +request.host_id LEFT JOIN reason ON reason.id = +request.reason_id"
    " WHERE request.id BETWEEN ?1 AND ?2 ORDER BY request.id";

// Steps through a SELECT. False with `error` when it failed.
bool for_each_row(store::Database& database, std::string_view name, std::string_view sql,
                  const std::function<void(const store::Statement&)>& take, store::Error& error) {
  auto select = database.prepare(name, sql, error);
  if (!select) {
    return false;
  }
  store::Step step = select->step();
  for (; step == store::Step::Row; step = select->step()) {
    take(*select);
  }
  error = step == store::Step::Failed ? select->error() : error;
  return step == store::Step::Done;
}

// Enters the rows of the request and progress tables into the accounts that they belong to.
class RowScan {
 public:
  RowScan(Ledger& ledger, std::vector<ReferenceAccount> references, const LedgerReader::Progress& progress)
      : ledger_(ledger), references_(std::move(references)), progress_(progress) {
    for (const auto& [number, stream] : ledger.streams) {
      expected_ += stream.position();
    }
    ledger.row_ids.reserve(std::min(expected_, kReservedRowsMax));
  }

  void take_request(const store::Statement& row) {
    enter(Table::Request, row);
    ledger_.row_ids.push_back(row.integer(0));
    if (ledger_.row_ids.size() % kRowsPerProgress == 0) {
      progress_(static_cast<double>(ledger_.row_ids.size()) / static_cast<double>(expected_));
    }
  }

  void take_progress(const store::Statement& row) {
    enter(Table::Progress, row);
    ++ledger_.progress_rows;
  }

  void judge(Check& streams, Check& references) const {
    std::uint64_t texts = 0;
    std::uint64_t unresolved = 0;
    for (const ReferenceAccount& account : references_) {
      account.judge(references);
      texts += account.known_count();
      unresolved += account.unresolved_count();
    }
    owners_.judge(streams);
    references.number("texts", texts);
    references.number("unresolved", unresolved);
    references.summarise(counted(ledger_.row_ids.size() + ledger_.progress_rows, "row") + " refer to " + counted(texts, "text"));
  }

 private:
  void enter(Table table, const store::Statement& row) {
    const std::int64_t id = row.integer(0);
    enter_in_stream(table, id, row.integer(1), row.integer(2));
    const auto references = static_cast<std::size_t>(row.column_count() - kFirstReference);
    for (std::size_t index = 0; index < references; ++index) {
      const int column = kFirstReference + static_cast<int>(index);
      if (!row.is_null(column)) {
        references_[index].add_use(id, row.integer(column));
      }
    }
  }

  void enter_in_stream(Table table, std::int64_t id, std::int64_t number, std::int64_t sequence) {
    if (stream_ == nullptr || number != stream_number_) {
      const auto found = ledger_.streams.find(number);
      stream_ = found != ledger_.streams.end() ? &found->second : nullptr;
      stream_number_ = number;
    }
    if (stream_ != nullptr) {
      stream_->add_row(table, id, sequence);
    } else {
      owners_.add_use(id, number);
    }
  }

  Ledger& ledger_;
  std::vector<ReferenceAccount> references_;  // in the order of kReferenced
  const LedgerReader::Progress& progress_;
  std::uint64_t expected_ = 1;  // rows, for the progress
  ReferenceAccount owners_{"stream"};  // uses of streams that the database does not know
  StreamAccount* stream_ = nullptr;  // of the last row
  std::int64_t stream_number_ = 0;
};

// A value outside of the enum can only be damage; it counts as unknown.
template <class Enum>
Enum enum_at(const store::Statement& row, int column, Enum last) {
  const std::int64_t value = row.integer(column);
  return value >= 0 && value <= static_cast<std::int64_t>(last) ? static_cast<Enum>(value) : static_cast<Enum>(0);
}

RowFacts row_facts_at(const store::Statement& row) {
  RowFacts facts{.id = row.integer(0), .log = {}, .host = std::string(row.text(1)), .path = std::string(row.text(6))};
  store::name_log_file({.host = facts.host, .outcome = enum_at(row, 2, store::Outcome::Interrupted),
                        .fault = enum_at(row, 3, store::Fault::Policy), .reason = row.text(4), .has_origin = row.integer(5) != 0},
                       facts.log);
  return facts;
}

}  // namespace

void LedgerReader::check_integrity(Depth depth, const std::function<void()>& tick, Check& check) {
  const std::string pragma = depth == Depth::Full ? "integrity_check" : "quick_check";
  store::Error error;
  database_.on_progress(tick);
  const auto take = [&check](const store::Statement& row) {
    if (row.text(0) != "ok") {
      check.fault(std::string(row.text(0)));
    }
  };
  if (!for_each_row(database_, pragma, "PRAGMA " + pragma + "(" + std::to_string(Check::kLinesMax) + ")", take, error)) {
    check.fault(error.message);
  }
  database_.on_progress({});
  check.summarise("SQLite's " + pragma);
}

bool LedgerReader::read(const Progress& progress, Check& streams, Check& references, Ledger& ledger) {
  store::Error error;
  const bool is_read = database_.execute("begin reading", "BEGIN", error) && read_heading(ledger, error) &&
                       read_streams(ledger, streams, error) && read_logs(ledger, error) &&
                       read_rows(progress, streams, references, ledger, error);
  if (!is_read) {
    streams.fault("the database cannot be read: " + error.message);
  }
  // A snapshot that is held keeps the collector's write-ahead log growing.
  store::Error ignored;
  (void)database_.execute("end reading", "ROLLBACK", ignored);
  return is_read;
}

bool LedgerReader::read_heading(Ledger& ledger, store::Error& error) {
  return for_each_row(database_, "read meta", "SELECT name, value FROM meta", [&ledger](const store::Statement& row) {
    if (row.text(0) == "database_id") {
      ledger.database_id = row.text(1);
    }
    ledger.has_written_logs = ledger.has_written_logs || row.text(0) == "json_transaction";
  }, error);
}

bool LedgerReader::read_streams(Ledger& ledger, Check& check, store::Error& error) {
  std::map<std::string, StreamAccount*, std::less<>> by_name;
  const auto take_stream = [&](const store::Statement& row) {
    const auto [place, is_new] = ledger.streams.try_emplace(row.integer(0), std::string(row.text(1)), row.integer(2));
    by_name[place->second.stream_id()] = &place->second;
  };
  const auto take_gap = [&](const store::Statement& row) {
    const auto stream = by_name.find(row.text(0));
    const auto optional = [&row](int column) { return row.is_null(column) ? std::nullopt : std::optional(row.integer(column)); };
    const Gap gap{row.integer(1), row.integer(2), row.integer(3), optional(4), optional(5)};
    if (stream != by_name.end()) {
      stream->second->add_gap(gap);
    } else {
      check.fault("gap " + std::to_string(gap.first_sequence) + " to " + std::to_string(gap.last_sequence) + " of " +
                  std::string(row.text(0)) + ": there is no such stream");
    }
  };
  return for_each_row(database_, "read streams", "SELECT id, stream_id, last_sequence FROM stream", take_stream, error) &&
         for_each_row(database_, "read gaps", kGaps, take_gap, error);
}

bool LedgerReader::read_logs(Ledger& ledger, store::Error& error) {
  return for_each_row(database_, "read log lengths", "SELECT path, committed_bytes FROM json_file ORDER BY path",
                      [&ledger](const store::Statement& row) {
                        ledger.logs.push_back({std::string(row.text(0)), row.integer(1)});
                      }, error);
}

bool LedgerReader::read_rows(const Progress& progress, Check& streams, Check& references, Ledger& ledger, store::Error& error) {
  std::vector<ReferenceAccount> accounts;
  for (const std::string_view table : kReferenced) {
    ReferenceAccount& account = accounts.emplace_back(std::string(table));
    const auto take = [&account](const store::Statement& row) { account.add_known(row.integer(0)); };
    if (!for_each_row(database_, "read " + account.table(), "SELECT id FROM " + account.table(), take, error)) {
      return false;
    }
  }
  RowScan scan(ledger, std::move(accounts), progress);
  const auto take_request = [&scan](const store::Statement& row) { scan.take_request(row); };
  const auto take_progress = [&scan](const store::Statement& row) { scan.take_progress(row); };
  if (!for_each_row(database_, "read requests", kRows, take_request, error) ||
      !for_each_row(database_, "read progress", kProgress, take_progress, error)) {
    return false;
  }
  scan.judge(streams, references);
  return true;
}

bool LedgerReader::find_rows(std::int64_t first, std::int64_t last, const std::function<void(const RowFacts&)>& take,
                             store::Error& error) {
  if (!find_rows_ && !(find_rows_ = database_.prepare("read row", kRowFacts, error))) {
    return false;
  }
  find_rows_->bind(1, first).bind(2, last);
  store::Step step = find_rows_->step();
  for (; step == store::Step::Row; step = find_rows_->step()) {
    take(row_facts_at(*find_rows_));
  }
  error = step == store::Step::Failed ? find_rows_->error() : error;
  find_rows_->reset();
  return step == store::Step::Done;
}

std::optional<std::int64_t> LedgerReader::committed_bytes(const std::string& log) {
  store::Error error;
  auto select = database_.prepare("read log length", "SELECT committed_bytes FROM json_file WHERE path = ?1", error);
  const bool is_there = select && select->bind(1, std::string_view(log)).step() == store::Step::Row;
  return is_there ? std::optional(select->integer(0)) : std::nullopt;
}

}  // namespace weir::verify
