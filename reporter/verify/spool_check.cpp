#include "reporter/verify/spool_check.h"

#include <algorithm>

namespace weir::verify {

namespace {

struct Totals {
  std::uint64_t pending = 0;         // events that the database does not have yet
  std::uint64_t unacknowledged = 0;  // events that it has and the worker has not heard of
  std::uint64_t in_neither = 0;
};

std::string event_range(const Range& range) { return (range.count() == 1 ? "event " : "events ") + to_text(range); }

void judge_spool(const SpoolView& spool, std::uint64_t position, Check& check, Totals& totals) {
  const std::string name = spool.name + " (" + spool.stream_id + "): ";
  std::vector<Range> lost;
  if (spool.acknowledged > position) {
    lost.push_back({position + 1, spool.acknowledged});
    check.fault(name + event_range(lost.back()) + ": in neither the spool nor the database: given up by a full spool, or the"
                " database was replaced; a gap when the worker delivers next");
  }
  for (const Range& range : spool.unreadable) {
    const Range behind{std::max(range.first, std::max(position, spool.acknowledged) + 1), range.last};
    if (behind.first <= behind.last) {
      lost.push_back(behind);
      check.fault(name + event_range(behind) + ": unreadable in the spool, not in the database");
    }
  }
  const std::uint64_t kept = spool.events_after(0);
  const std::uint64_t pending = spool.events_after(position);
  totals.pending += pending;
  totals.unacknowledged += kept - pending;
  totals.in_neither += total(lost);
  if (kept > 0) {
    check.note(name + event_range({spool.acknowledged + 1, spool.end_sequence - 1}) + " kept, " +
               (pending == 0 ? "all of them in the database" : digits(pending) + " of them not in the database yet"));
  }
}

}  // namespace

void judge_spools(const std::vector<SpoolView>& spools, const Ledger& ledger,
                  const std::function<SpoolView(const std::string& name)>& look_again, Check& check) {
  Totals totals;
  std::uint64_t damaged = 0;
  for (const SpoolView& spool : spools) {
    for (const std::string& damage : spool.damages) {
      check.fault(damage);
    }
    for (const std::string& file : spool.set_aside) {
      check.note(file + " was set aside by a worker that could not read it");
    }
    damaged += spool.damages.size();
    if (spool.stream_id.empty()) {
      continue;
    }
    const StreamAccount* stream = ledger.find(spool.stream_id);
    const std::uint64_t position = stream != nullptr ? stream->position() : 0;
    judge_spool(spool, position, check, totals);
    const auto is_ahead = [&](const SpoolView& view) {
      return view.stream_id == spool.stream_id && position > std::max(view.last_used, view.acknowledged);
    };
    if (SpoolView now; is_ahead(spool) && is_ahead(now = look_again(spool.name))) {
      check.fault(spool.name + " (" + spool.stream_id + "): the database has events up to " + std::to_string(position) +
                  ", the spool ends with " + std::to_string(now.end_sequence - 1) + ": what the worker adds next would pass for repeated");
    }
  }
  check.number("spools", spools.size());
  check.number("pending_events", totals.pending);
  check.number("unacknowledged_events", totals.unacknowledged);
  check.number("events_in_neither", totals.in_neither);
  check.number("damaged_segments", damaged);
  if (spools.empty()) {
    check.skip("there is no spool");
  } else {
    check.summarise(counted(spools.size(), "spool") + " with " + counted(totals.pending, "event") + " to be delivered");
  }
}

}  // namespace weir::verify
