#include "collector/stream_table.h"

#include <utility>

namespace weir::collector {

namespace {

// More than there are workers; beyond it those that are idle are forgotten, and read again when they speak.
constexpr std::size_t kRememberedMax = 4096;

}  // namespace

std::optional<StreamTable> StreamTable::open(store::Database& database, store::Error& error) {
  auto select = database.prepare("read stream",
                                 "SELECT id, last_sequence, last_completed_at_us, (SELECT first_sequence FROM gap WHERE gap.stream_id = ?1"
                                 " AND gap.last_sequence = stream.last_sequence AND before_us IS NULL) FROM stream WHERE stream_id = ?1",
                                 error);
  auto insert = database.prepare("enter stream", "INSERT INTO stream (stream_id, last_sequence) VALUES (?1, 0)", error);
  auto update = database.prepare("move stream on", "UPDATE stream SET last_sequence = ?2, last_completed_at_us = ?3 WHERE id = ?1", error);
  auto begin_gap = database.prepare("record gap",
                                    "INSERT OR REPLACE INTO gap (stream_id, first_sequence, last_sequence, noticed_at_us, after_us)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5)",
                                    error);
  auto extend_gap = database.prepare("extend gap", "UPDATE gap SET last_sequence = ?3 WHERE stream_id = ?1 AND first_sequence = ?2", error);
  auto end_gap = database.prepare("end gap", "UPDATE gap SET before_us = ?3 WHERE stream_id = ?1 AND first_sequence = ?2", error);
  if (!select || !insert || !update || !begin_gap || !extend_gap || !end_gap) {
    return std::nullopt;
  }
  return StreamTable(database, {std::move(*select), std::move(*insert), std::move(*update), std::move(*begin_gap),
                                std::move(*extend_gap), std::move(*end_gap)});
}

bool StreamTable::run(store::Statement& statement) {
  if (statement.run()) {
    return true;
  }
  error_ = statement.error();
  return false;
}

Stream* StreamTable::find(const std::string& stream_id, bool& failed) {
  failed = false;
  if (const auto found = streams_.find(stream_id); found != streams_.end()) {
    return &found->second;
  }
  store::Statement& select = statements_.select;
  const store::Step step = select.bind(1, std::string_view(stream_id)).step();
  Stream stream;
  if (step == store::Step::Row) {
    stream.number = select.integer(0);
    stream.committed.sequence = static_cast<std::uint64_t>(select.integer(1));
    if (!select.is_null(2)) {
      stream.committed.completed_at_us = select.integer(2);
    }
    if (!select.is_null(3)) {
      stream.committed.gap_begin = static_cast<std::uint64_t>(select.integer(3));
    }
    stream.accepted = stream.committed;
  }
  select.reset();
  failed = step == store::Step::Failed;
  if (failed) {
    error_ = select.error();
  }
  return step == store::Step::Row ? &streams_.emplace(stream_id, std::move(stream)).first->second : nullptr;
}

Stream* StreamTable::enter(const std::string& stream_id) {
  if (!run(statements_.insert.bind(1, std::string_view(stream_id)))) {
    return nullptr;
  }
  Stream& stream = streams_[stream_id];
  stream.number = database_->last_insert_id();
  stream.is_new = true;
  return &stream;
}

bool StreamTable::record_gap(const std::string& stream_id, Stream& stream, std::uint64_t last, std::int64_t now_us) {
  StreamPosition& position = stream.accepted;
  const bool is_extended = position.gap_begin.has_value();
  const std::uint64_t first = position.gap_begin.value_or(position.sequence + 1);
  store::Statement& statement = is_extended ? statements_.extend_gap : statements_.begin_gap;
  statement.bind(1, std::string_view(stream_id)).bind(2, static_cast<std::int64_t>(first)).bind(3, static_cast<std::int64_t>(last));
  if (!is_extended) {
    statement.bind(4, now_us).bind(5, position.completed_at_us);
  }
  if (!run(statement)) {
    return false;
  }
  position.gap_begin = first;
  position.sequence = last;
  return true;
}

bool StreamTable::move_on(const std::string& stream_id, Stream& stream, std::int64_t completed_at_us) {
  StreamPosition& position = stream.accepted;
  if (position.gap_begin) {
    store::Statement& end_gap = statements_.end_gap;
    end_gap.bind(1, std::string_view(stream_id)).bind(2, static_cast<std::int64_t>(*position.gap_begin)).bind(3, completed_at_us);
    if (!run(end_gap)) {
      return false;
    }
    position.gap_begin.reset();
  }
  ++position.sequence;
  position.completed_at_us = completed_at_us;
  return true;
}

bool StreamTable::save_positions() {
  for (const auto& [id, stream] : streams_) {
    if (stream.accepted != stream.committed) {
      statements_.update.bind(1, stream.number).bind(2, static_cast<std::int64_t>(stream.accepted.sequence));
      if (!run(statements_.update.bind(3, stream.accepted.completed_at_us))) {
        return false;
      }
    }
  }
  return true;
}

void StreamTable::commit() {
  for (auto& [id, stream] : streams_) {
    stream.committed = stream.accepted;
    stream.is_new = false;
  }
}

void StreamTable::roll_back() {
  for (auto& [id, stream] : streams_) {
    // What was taken is forgotten: the worker is to send it again. It still has it, because nothing was acknowledged.
    stream.wants_resend = stream.wants_resend || stream.accepted != stream.committed || stream.is_new;
    stream.awaits_reply = stream.awaits_reply || stream.wants_resend;
    stream.accepted = stream.committed;
  }
}

std::vector<Reply> StreamTable::take_replies() {
  std::vector<Reply> replies;
  for (auto entry = streams_.begin(); entry != streams_.end();) {
    Stream& stream = entry->second;
    if (std::exchange(stream.awaits_reply, false)) {
      replies.push_back({stream.routing_id, entry->first, stream.committed.sequence, std::exchange(stream.wants_resend, false)});
    }
    // One that was entered in a transaction that failed is not in the database.
    const bool is_to_forget = stream.is_new || streams_.size() > kRememberedMax;
    entry = is_to_forget ? streams_.erase(entry) : std::next(entry);
  }
  return replies;
}

}  // namespace weir::collector
