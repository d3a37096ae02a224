#include "tests/simulation/faults.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "common/base/crash_point.h"
#include "proxy_worker/traffic/stream_id.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

namespace {

constexpr auto kWorkerPoints = std::to_array<std::string_view>({
    "frame.checksum",      "in_flight.copied",    "in_flight.file_made", "in_flight.removed",   "in_flight.taken",
    "mapped_file.opened",  "mapped_file.sized",   "progress.before",     "progress.numbered",   "progress.told",
    "record.appended",     "record.numbered",     "record.released",     "recovery.appended",   "recovery.numbered",
    "recovery.released",   "segment.given_up",    "segment.header",      "segment.made",        "segment.recovered",
    "segment.renamed",     "segment.sealed",      "segment.unnamed",     "sender.acknowledged", "sender.sent",
    "spool.acknowledged",  "spool.appending",     "spool.cleared",       "spool.dropping",      "spool.lost",
    "spool.removed",       "spool.segment_added",
});

constexpr auto kCollectorPoints = std::to_array<std::string_view>({
    kTornWrite,           "json_log.cut",            "json_log.lengths_noted", "json_log.restored",
    "json_log.undone",    "json_log.written",        "recorder.committed",     "recorder.gap",
    "recorder.in_transaction", "recorder.inserted",  "recorder.lines_written", "recorder.positions_saved",
    "recorder.rolled_back", "undo_note.emptied",     "undo_note.written",
});

constexpr auto kRareWorkerPoints = std::to_array<std::string_view>({
    "in_flight.removed", "progress.before", "progress.numbered", "progress.told", "recovery.appended", "recovery.numbered",
    "recovery.released", "segment.given_up", "segment.renamed", "sender.acknowledged", "spool.cleared", "spool.dropping", "spool.lost",
    "spool.removed",
});

constexpr auto kRareCollectorPoints =
    std::to_array<std::string_view>({"json_log.cut", "json_log.undone", "recorder.gap", "recorder.rolled_back"});

}  // namespace

std::span<const std::string_view> rare_crash_points(Role role) {
  return role == Role::Worker ? std::span<const std::string_view>(kRareWorkerPoints) : kRareCollectorPoints;
}

std::span<const std::string_view> crash_points(Role role) {
  return role == Role::Worker ? std::span<const std::string_view>(kWorkerPoints) : kCollectorPoints;
}

Faults& faults() {
  static Faults only;
  return only;
}

bool is_planted(std::string_view bug) { return faults().planted == bug; }

Fate::Run::Run(Fate& fate) { faults().running = &fate; }
Fate::Run::~Run() { faults().running = nullptr; }

bool Fate::counts_down(std::string_view point) {
  if (visits_left_ == 0 || point != point_ || --visits_left_ > 0) {
    return false;
  }
  is_dead_ = true;
  ++faults().deaths[std::string(point)];
  WEIR_TRACE("dies at " + std::string(point));
  return true;
}

void Fate::reach(std::string_view point) {
  throw_if_dead();
  if (counts_down(point)) {
    throw Killed{};
  }
}

bool Fate::is_killed_in(std::string_view point) { return is_dead_ || counts_down(point); }

void Fate::throw_if_dead() const {
  if (is_dead_) {
    throw Killed{};
  }
}

void reach_crash_point(const char* name) {
  if (Fate* running = faults().running) {
    running->reach(name);
  }
}

}  // namespace weir::simulation

namespace weir::traffic {

// In place of the product's, whose names are drawn by the system.
std::string new_stream_id(const std::string& stream_name) {
  std::array<char, 24> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "-%04llu", static_cast<unsigned long long>(++simulation::faults().streams));
  return stream_name + suffix.data();
}

}  // namespace weir::traffic
