#include "collector/stream_table.h"

#include <utility>

namespace weir::collector {

namespace {

// More than there are workers; beyond it those that are idle are forgotten, and read again when they speak.
constexpr std::size_t kRememberedMax = 4096;

}  // namespace

std::optional<StreamTable> StreamTable::open(store::Database& database, store::Error& error) {
  auto select = database.prepare("read stream", "SELECT id, last_sequence FROM stream WHERE stream_id = ?1", error);
  auto insert = database.prepare("enter stream", "INSERT INTO stream (stream_id, last_sequence) VALUES (?1, 0)", error);
  auto update = database.prepare("move stream on", "UPDATE stream SET last_sequence = ?2 WHERE id = ?1", error);
  auto gap = database.prepare("record gap",
                              "INSERT OR REPLACE INTO gap (stream_id, first_sequence, last_sequence, noticed_at_us)"
                              " VALUES (?1, ?2, ?3, ?4)",
                              error);
  if (!select || !insert || !update || !gap) {
    return std::nullopt;
  }
  return StreamTable(database, std::move(*select), std::move(*insert), std::move(*update), std::move(*gap));
}

Stream* StreamTable::find(const std::string& stream_id, bool& failed) {
  failed = false;
  if (const auto found = streams_.find(stream_id); found != streams_.end()) {
    return &found->second;
  }
  const store::Step step = select_.bind(1, std::string_view(stream_id)).step();
  Stream stream;
  if (step == store::Step::Row) {
    stream.number = select_.integer(0);
    stream.committed = stream.accepted = static_cast<std::uint64_t>(select_.integer(1));
  }
  select_.reset();
  failed = step == store::Step::Failed;
  if (failed) {
    error_ = select_.error();
  }
  return step == store::Step::Row ? &streams_.emplace(stream_id, std::move(stream)).first->second : nullptr;
}

Stream* StreamTable::enter(const std::string& stream_id) {
  if (!insert_.bind(1, std::string_view(stream_id)).run()) {
    error_ = insert_.error();
    return nullptr;
  }
  Stream& stream = streams_[stream_id];
  stream.number = database_->last_insert_id();
  stream.is_new = true;
  return &stream;
}

bool StreamTable::record_gap(const std::string& stream_id, std::uint64_t first, std::uint64_t last, std::int64_t now_us) {
  gap_.bind(1, std::string_view(stream_id)).bind(2, static_cast<std::int64_t>(first));
  if (gap_.bind(3, static_cast<std::int64_t>(last)).bind(4, now_us).run()) {
    return true;
  }
  error_ = gap_.error();
  return false;
}

bool StreamTable::save_positions() {
  for (const auto& [id, stream] : streams_) {
    if (stream.accepted != stream.committed &&
        !update_.bind(1, stream.number).bind(2, static_cast<std::int64_t>(stream.accepted)).run()) {
      error_ = update_.error();
      return false;
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
      replies.push_back({stream.routing_id, entry->first, stream.committed, std::exchange(stream.wants_resend, false)});
    }
    // One that was entered in a transaction that failed is not in the database.
    const bool is_to_forget = stream.is_new || streams_.size() > kRememberedMax;
    entry = is_to_forget ? streams_.erase(entry) : std::next(entry);
  }
  return replies;
}

}  // namespace weir::collector
