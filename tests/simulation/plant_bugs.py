#!/usr/bin/python3
"""Makes a copy of one source of the product with bugs planted in it: plant_bugs.py SOURCE COPY.

Each bug is a mistake that somebody could make. It is there only while the simulation says so, which has to find it.
What a bug replaces must stand in the source exactly once: whoever changes those lines adapts the bug.
"""
import pathlib
import sys

# (source, bug): (what stands there, what stands there with the bug)
BUGS = {
    ("collector/json_log.cpp", "json-before-undo-note"): (
        """  if (!note_lengths(error)) {
    return false;
  }
  for (const FileLength& file : note_.files) {
    if (!write_file(file.name, pending_[file.name].text(), error)) {
      return false;
    }
    WEIR_CRASH_POINT("json_log.written");
  }
""",
        """  const bool is_late = simulation::is_planted("json-before-undo-note");
  if (!note_lengths(error)) {
    return false;
  }
  for (const FileLength& file : note_.files) {
    if (!write_file(file.name, pending_[file.name].text(), error)) {
      return false;
    }
    WEIR_CRASH_POINT("json_log.written");
  }
  if (is_late && !undo_file_.write(note_)) {
    return false;
  }
"""),
    ("collector/json_log.cpp", "json-before-undo-note, the note"): (
        """  if (undo_file_.write(note_) && (""",
        """  if (simulation::is_planted("json-before-undo-note")) {
    return true;
  }
  if (undo_file_.write(note_) && ("""),
    ("collector/json_log.cpp", "keep-lines-of-failed-commit"): (
        """  undo(note_, data_dir_);
""",
        """  if (!simulation::is_planted("keep-lines-of-failed-commit")) {
    undo(note_, data_dir_);
  }
"""),
    ("collector/recorder.cpp", "forget-position"): (
        """  if (!streams_->save_positions()) {
    return fail(streams_->error().message);
  }
  WEIR_CRASH_POINT("recorder.positions_saved");
""",
        """  const bool is_late = simulation::is_planted("forget-position");
  if (!is_late && !streams_->save_positions()) {
    return fail(streams_->error().message);
  }
  WEIR_CRASH_POINT("recorder.positions_saved");
"""),
    ("collector/recorder.cpp", "forget-position, until later"): (
        """  WEIR_CRASH_POINT("recorder.committed");
""",
        """  WEIR_CRASH_POINT("recorder.committed");
  if (is_late) {
    (void)streams_->save_positions();
  }
"""),
    ("collector/recorder.cpp", "take-repeats"): (
        """batch.last_sequence() <= stream->accepted.sequence""",
        """(!simulation::is_planted("take-repeats") && batch.last_sequence() <= stream->accepted.sequence)"""),
    ("collector/recorder.cpp", "take-repeats, the events"): (
        """std::size_t index = stream.accepted.sequence + 1 - batch.first_sequence;""",
        """std::size_t index = simulation::is_planted("take-repeats") ? 0 : stream.accepted.sequence + 1 - batch.first_sequence;"""),
    ("proxy_worker/traffic/traffic_log.cpp", "release-slot-before-append"): (
        """    WEIR_CRASH_POINT("record.numbered");
    append(event);
    WEIR_CRASH_POINT("record.appended");
    if (slot != nullptr) {
""",
        """    const bool is_early = simulation::is_planted("release-slot-before-append");
    if (is_early && slot != nullptr) {
      ledger_.in_flight->give_back(*slot);
    }
    WEIR_CRASH_POINT("record.numbered");
    append(event);
    WEIR_CRASH_POINT("record.appended");
    if (!is_early && slot != nullptr) {
"""),
    ("proxy_worker/traffic/traffic_log.cpp", "recover-in-any-order"): (
        """  std::stable_partition(slots.begin(), slots.end(), [left_at](const InFlightSlot* slot) {
    return slot->""",
        """  std::stable_partition(slots.begin(), slots.end(), [left_at](const InFlightSlot* slot) {
    return simulation::is_planted("recover-in-any-order") || slot->"""),
    ("proxy_worker/traffic/traffic_log.cpp", "trust-no-number"): (
        """recorded_as != 0 && recorded_as < left_at""",
        """!simulation::is_planted("trust-no-number") && recorded_as != 0 && recorded_as < left_at"""),
    ("common/ledger/record_frame.cpp", "believe-former-events"): (
        """~(static_cast<std::uint32_t>(payload.size()) ^ number)""",
        """~(static_cast<std::uint32_t>(payload.size()) ^ (simulation::is_planted("believe-former-events") ? 0 : number))"""),
    ("proxy_worker/traffic/spool.cpp", "reuse-lost-numbers"): (
        """  segments_.back().set_lost_behind(""",
        """  if (!simulation::is_planted("reuse-lost-numbers"))
    segments_.back().set_lost_behind("""),
    ("proxy_worker/traffic/sender.cpp", "keep-quiet-of-losses"): (
        """if (is_taken && (spool_.has_untold_loss() || is_asking_))""",
        """if (is_taken && (is_asking_ || (spool_.has_untold_loss() && !simulation::is_planted("keep-quiet-of-losses"))))"""),
}

DECLARATION = '#include <string_view>\nnamespace weir::simulation { bool is_planted(std::string_view bug); }\n'


def main():
    source, copy = map(pathlib.Path, sys.argv[1:])
    text = source.read_text()
    for (path, bug), (right, wrong) in BUGS.items():
        if not source.as_posix().endswith("/" + path):
            continue
        if text.count(right) != 1:
            sys.exit(f"{source}: the planted bug '{bug}' no longer fits; adapt {__file__}")
        text = text.replace(right, wrong)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(f'{DECLARATION}#line 1 "{source}"\n{text}')


main()
