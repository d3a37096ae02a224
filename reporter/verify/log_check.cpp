#include "reporter/verify/log_check.h"

#include <algorithm>

namespace weir::verify {

namespace {

constexpr std::uint64_t kLinesPerProgress = 16'384;

std::string row_name(const RowFacts& row) {
  constexpr std::size_t kPathBytesMax = 80;
  return "request " + std::to_string(row.id) + " (" + time_text(row.id) + ", " + row.host + row.path.substr(0, kPathBytesMax) + ")";
}

}  // namespace

void LogCheck::run(const std::function<void(double)>& progress) {
  if (ledger_.logs.empty() && !ledger_.has_written_logs) {
    check_.skip("JSON logs were never on");
    return;
  }
  for (const LogLength& log : ledger_.logs) {
    bytes_in_all_ += log.committed_bytes > 0 ? static_cast<std::uint64_t>(log.committed_bytes) : 0;
  }
  for (const LogLength& log : ledger_.logs) {
    read(log, progress);
  }
  judge_rows_without_line();
  summarise();
}

void LogCheck::read(const LogLength& log, const std::function<void(double)>& progress) {
  if (log.committed_bytes < 0) {
    check_.fault(log.path + ": its committed length is " + std::to_string(log.committed_bytes));
    return;
  }
  const Totals before = totals_;
  Check found(log.path);
  const std::uint64_t bytes_before = bytes_read_;
  const auto take_line = [&](std::string_view line, std::uint64_t number) {
    take(log, line, number, found);
    bytes_read_ += line.size() + 1;
    if (totals_.lines % kLinesPerProgress == 0) {
      progress(static_cast<double>(bytes_read_) / static_cast<double>(bytes_in_all_));
    }
  };
  const LogReading reading = read_log(data_dir_ / log.path, static_cast<std::uint64_t>(log.committed_bytes), take_line);
  bytes_read_ = bytes_before + static_cast<std::uint64_t>(log.committed_bytes);
  judge_end(log, reading, found);
  if (found.faults().count > 0 && was_replaced(log)) {
    totals_ = before;
    ++totals_.logs_missing;
    spans_.erase(log.path);
    check_.note(log.path + ": was taken away and begun anew during the verification; verify again to see to it");
    return;
  }
  check_.take_lines_of(found);
}

void LogCheck::take(const LogLength& log, std::string_view line, std::uint64_t number, Check& found) {
  ++totals_.lines;
  const auto name = [&] { return log.path + ", line " + std::to_string(number); };
  std::string error;
  const auto id = parser_.request_id_of(line, error);
  if (!id) {
    ++totals_.invalid;
    found.fault(name() + ": " + error);
    return;
  }
  switch (account_.add_line(*id)) {
    case LogAccount::Entry::First:
      break;
    case LogAccount::Entry::Repeated:
      ++totals_.repeated;
      found.fault(name() + ": request " + std::to_string(*id) + " has a line already");
      break;
    case LogAccount::Entry::Unknown:
      ++totals_.unknown;
      found.fault(name() + ": there is no row of request " + std::to_string(*id));
      return;
    case LogAccount::Entry::Older:
      ++totals_.older;
      return;
  }
  const auto [span, is_new] = spans_.try_emplace(log.path, Span{*id, *id});
  span->second = {std::min(span->second.first_id, *id), std::max(span->second.last_id, *id)};
}

void LogCheck::judge_end(const LogLength& log, const LogReading& reading, Check& found) {
  switch (reading.result) {
    case LogReading::Result::Missing:
      ++totals_.logs_missing;
      found.note(log.path + ": is not there; it was renamed or removed");
      break;
    case LogReading::Result::Unreadable:
      found.fault(log.path + ": cannot be read: " + reading.error);
      break;
    case LogReading::Result::Shorter:
      ++totals_.logs_shorter;
      found.fault(log.path + ": has " + counted(reading.bytes, "octet") + " of the " +
                  std::to_string(log.committed_bytes) + " that were committed");
      break;
    case LogReading::Result::Whole:
      totals_.uncommitted_bytes += reading.file_bytes - std::min(reading.bytes, reading.file_bytes);
      if (reading.is_cut) {
        ++totals_.invalid;
        found.fault(log.path + ": its committed length ends within line " + std::to_string(reading.lines + 1));
      }
      break;
  }
}

bool LogCheck::was_replaced(const LogLength& log) {
  const auto now = reader_.committed_bytes(log.path);
  return !now || *now < log.committed_bytes;
}

void LogCheck::judge_rows_without_line() {
  for (const LogAccount::Run& run : account_.rows_without_line()) {
    store::Error error;
    if (!reader_.find_rows(run.first_id, run.last_id, [this](const RowFacts& row) { judge_row_without_line(row); }, error)) {
      check_.fault("rows without a line cannot be read: " + error.message);
      return;
    }
  }
  if (totals_.rows_missing > 0) {
    check_.note("JSON logs that were off for a time look the same as lost lines in between: the database does not tell them apart");
  }
  if (totals_.rows_before_log > 0) {
    check_.note(counted(totals_.rows_before_log, "row") + " without a line, before the first line of the log that it belongs to:"
                " the log was renamed, shortened or removed since, or JSON logs were off");
  }
  if (totals_.rows_after_all_lines > 0) {
    check_.note(counted(totals_.rows_after_all_lines, "row") + " without a line, after the last line of all logs (" +
                time_text(account_.last_id_with_line()) + "): JSON logs are off since, or lines were lost");
  }
}

void LogCheck::judge_row_without_line(const RowFacts& row) {
  const auto span = spans_.find(row.log);
  if (span == spans_.end() || row.id < span->second.first_id) {
    ++totals_.rows_before_log;
  } else if (row.id > account_.last_id_with_line()) {
    ++totals_.rows_after_all_lines;
  } else {
    ++totals_.rows_missing;
    check_.fault(row_name(row) + ": no line in " + row.log);
  }
}

void LogCheck::summarise() {
  if (totals_.older > 0) {
    check_.note(counted(totals_.older, "line") + " older than every row: of a database that was removed, or of rows that were");
  }
  if (totals_.uncommitted_bytes > 0) {
    check_.note(counted(totals_.uncommitted_bytes, "octet") + " behind the committed lengths: " +
                (collector_ == Collector::Running ? "in progress" : "left by a collector that was killed; its next start cuts them off"));
  }
  const bool is_complete = account_.rows_with_line() == ledger_.row_ids.size() && totals_.lines == account_.rows_with_line();
  check_.summarise(counted(totals_.lines, "line") + " in " + counted(ledger_.logs.size(), "log") +
                   (is_complete ? ", one for each row" : "; of " + counted(ledger_.row_ids.size(), "row") + ", " +
                                                             digits(account_.rows_with_line()) + " with a line"));
  check_.number("logs", ledger_.logs.size());
  check_.number("logs_missing", totals_.logs_missing);
  check_.number("logs_shorter", totals_.logs_shorter);
  check_.number("lines", totals_.lines);
  check_.number("invalid_lines", totals_.invalid);
  check_.number("repeated_lines", totals_.repeated);
  check_.number("unknown_lines", totals_.unknown);
  check_.number("older_lines", totals_.older);
  check_.number("rows_with_line", account_.rows_with_line());
  check_.number("rows_missing_line", totals_.rows_missing);
  check_.number("rows_before_log", totals_.rows_before_log);
  check_.number("rows_after_all_lines", totals_.rows_after_all_lines);
  check_.number("uncommitted_octets", totals_.uncommitted_bytes);
}

}  // namespace weir::verify
