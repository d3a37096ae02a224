#include "reporter/verify/verification.h"

#include <algorithm>

#include "reporter/verify/ledger.h"
#include "reporter/verify/lock_holder.h"
#include "reporter/verify/log_check.h"
#include "reporter/verify/spool_check.h"
#include "reporter/verify/spool_view.h"

namespace weir::verify {

namespace {

constexpr std::string_view kDatabase = "database";
constexpr std::string_view kStreams = "streams";
constexpr std::string_view kReferences = "references";
constexpr std::string_view kLogs = "JSON logs";
constexpr std::string_view kSpools = "spools";

void judge_streams(const Ledger& ledger, Check& check) {
  StreamAccount::Totals totals;
  for (const auto& [number, stream] : ledger.streams) {
    totals.add(stream.judge(check));
  }
  check.number("streams", ledger.streams.size());
  check.number("rows", ledger.row_ids.size());
  check.number("progress_rows", ledger.progress_rows);
  check.number("events_in_gaps", totals.events_in_gaps);
  check.number("missing_events", totals.missing);
  check.number("repeated_rows", totals.repeated);
  check.number("misplaced_rows", totals.misplaced);
  check.number("rows_without_stream", ledger.row_ids.size() + ledger.progress_rows - totals.rows);
  check.summarise(counted(ledger.streams.size(), "stream") + ": " + counted(ledger.row_ids.size(), "request") + ", " +
                  digits(ledger.progress_rows) + " of progress, " + counted(totals.events_in_gaps, "event") + " in gaps" +
                  (check.verdict() == Verdict::Pass ? ", each number once" : ""));
}

}  // namespace

bool Verification::is_sound() const {
  return std::none_of(checks.begin(), checks.end(), [](const Check& check) { return check.verdict() == Verdict::Fail; });
}

Verification verify(const Subject& subject, LedgerReader::Depth depth, const Progress& progress) {
  Check database{std::string(kDatabase)};
  Check streams{std::string(kStreams)};
  Check references{std::string(kReferences)};
  Check logs{std::string(kLogs)};
  Check spools{std::string(kSpools)};
  const auto collector_pid = lock_holder(subject.data_dir / "run" / "collector.lock");
  LedgerReader reader(subject.database);
  progress(kDatabase, {});
  reader.check_integrity(depth, [&] { progress(kDatabase, {}); }, database);
  // Before the database: what leaves the spools in the meantime is in the database then.
  progress(kSpools, {});
  const std::vector<SpoolView> views = view_spools(subject.data_dir);
  Ledger ledger;
  if (!subject.has_tables) {
    for (Check* check : {&streams, &references, &logs}) {
      check->skip("the database has no tables yet");
    }
  } else if (!reader.read([&](double done) { progress(kStreams, done); }, streams, references, ledger)) {
    for (Check* check : {&references, &logs, &spools}) {
      check->skip("the database cannot be read");
    }
  } else {
    judge_streams(ledger, streams);
    const auto state = collector_pid ? LogCheck::Collector::Running : LogCheck::Collector::Stopped;
    LogCheck(subject.data_dir, ledger, reader, state, logs).run([&](double done) { progress(kLogs, done); });
  }
  if (spools.verdict() != Verdict::Skipped) {
    const auto look_again = [&](const std::string& name) { return view_spool(subject.data_dir / "spool" / name); };
    judge_spools(views, ledger, look_again, spools);
  }
  return {.data_dir = subject.data_dir.string(), .database_id = ledger.database_id, .collector_pid = collector_pid,
          .checks = {database, streams, references, logs, spools}};
}

Verification verify_unreadable(const std::filesystem::path& data_dir, const std::string& why) {
  Verification result{.data_dir = data_dir.string(), .database_id = {}, .collector_pid = {}, .checks = {}};
  result.checks.emplace_back(std::string(kDatabase)).fault(why);
  for (const std::string_view name : {kStreams, kReferences, kLogs, kSpools}) {
    result.checks.emplace_back(std::string(name)).skip("the database cannot be read");
  }
  return result;
}

}  // namespace weir::verify
