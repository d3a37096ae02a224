#include "reporter/verify/stream_account.h"

#include <algorithm>

namespace weir::verify {

namespace {

constexpr std::size_t kSampleRows = 5;

// ", between 2026-11-22 14:00:05 and 2026-11-22 14:02:11, noticed 2026-11-22 14:03:00"
std::string when(const Gap& gap) {
  const std::string after = gap.after_us ? time_text(*gap.after_us) : "";
  const std::string before = gap.before_us ? time_text(*gap.before_us) : "";
  const std::string bounds = !after.empty() && !before.empty() ? ", between " + after + " and " + before
                             : !after.empty()                  ? ", after " + after
                             : !before.empty()                 ? ", before " + before
                                                               : "";
  return bounds + ", noticed " + time_text(gap.noticed_at_us);
}

}  // namespace

void StreamAccount::Sample::add(Row row) {
  if (rows.size() < kSampleRows) {
    rows.push_back(row);
  }
  ++count;
}

void StreamAccount::Totals::add(const Totals& other) {
  rows += other.rows;
  events_in_gaps += other.events_in_gaps;
  missing += other.missing;
  repeated += other.repeated;
  misplaced += other.misplaced;
}

void StreamAccount::add_row(Table table, std::int64_t row_id, std::int64_t sequence) {
  ++row_count_;
  if (sequence < 1 || sequence > last_sequence_) {
    misplaced_.add({table, row_id, sequence});
  } else if (!sequences_.insert(static_cast<std::uint64_t>(sequence))) {
    repeated_.add({table, row_id, sequence});
  }
}

StreamAccount::Totals StreamAccount::judge(Check& check) const {
  if (last_sequence_ < 0) {
    check.fault(stream_id_ + ": its position is " + std::to_string(last_sequence_));
  }
  report(check, repeated_, "stand in another row already");
  report(check, misplaced_, "are outside 1 to the stream's position, " + std::to_string(last_sequence_));
  const std::vector<Range> gaps = judge_gaps(check);
  const Range all{1, position()};
  const std::vector<Range> missing = subtract(sequences_.absent(all), gaps);
  for (const Range& range : missing) {
    check.fault(stream_id_ + ": " + (range.count() == 1 ? "event " : "events ") + to_text(range) + " of " +
                std::to_string(all.last) + ": in no row and no gap (" + counted(range.count(), "event") + ")");
  }
  return {.rows = row_count_, .events_in_gaps = total(gaps), .missing = total(missing), .repeated = repeated_.count,
          .misplaced = misplaced_.count};
}

void StreamAccount::report(Check& check, const Sample& sample, const std::string& what) const {
  if (sample.count == 0) {
    return;
  }
  std::string line = stream_id_ + ": " + counted(sample.count, "row") + " whose sequence numbers " + what + ":";
  for (const Sample::Row& row : sample.rows) {
    line += " " + std::to_string(row.sequence) + (row.table == Table::Request ? " (request id " : " (progress id ") + std::to_string(row.id) + ")";
  }
  check.fault(line + (sample.count > sample.rows.size() ? " ..." : ""));
}

std::vector<Range> StreamAccount::judge_gaps(Check& check) const {
  std::vector<Gap> in_order = gaps_;
  std::sort(in_order.begin(), in_order.end(), [](const Gap& a, const Gap& b) { return a.first_sequence < b.first_sequence; });
  std::vector<Range> valid;
  for (const Gap& gap : in_order) {
    const std::string name = stream_id_ + ": gap " + std::to_string(gap.first_sequence) + " to " + std::to_string(gap.last_sequence);
    if (gap.first_sequence < 1 || gap.last_sequence < gap.first_sequence || gap.last_sequence > last_sequence_) {
      check.fault(name + " is not within 1 to the stream's position, " + std::to_string(last_sequence_));
      continue;
    }
    Range range{static_cast<std::uint64_t>(gap.first_sequence), static_cast<std::uint64_t>(gap.last_sequence)};
    check.note(name + ": " + counted(range.count(), "event") + " lost" + when(gap));
    const std::uint64_t rows_inside = total(sequences_.present(range));
    if (rows_inside > 0) {
      check.fault(name + ": " + counted(rows_inside, "event") + " of it " + (rows_inside == 1 ? "has a row" : "have rows"));
    }
    if (!valid.empty() && range.first <= valid.back().last) {
      check.fault(name + " overlaps the gap that ends with " + std::to_string(valid.back().last));
      range.first = valid.back().last + 1;
    }
    if (range.first <= range.last) {
      valid.push_back(range);
    }
  }
  return valid;
}

}  // namespace weir::verify
