#include "proxy_worker/traffic/spool.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <vector>

#include "common/base/crash_point.h"
#include "common/base/log.h"
#include "common/ledger/record_frame.h"
#include "common/ledger/segment.h"
#include "proxy_worker/traffic/stream_id.h"

namespace weir::traffic {

namespace {

// An old worker of this number may still be handing over its last records.
constexpr std::chrono::seconds kLockPatience{20};
// For the records of requests that are under way when no more are accepted.
constexpr std::size_t kReservedSegments = 2;

// More than any worker will ever give out.
constexpr std::uint64_t kSequenceMax = std::uint64_t{1} << 62;
constexpr const char* kFreeName = "free";

std::vector<std::filesystem::path> segment_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ledger::kSegmentExtension) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());  // The names are their first sequence numbers, of one width.
  return paths;
}

// Out of the way, but kept for whoever wants to look.
void set_aside(const std::filesystem::path& path, const std::string& reason) {
  std::error_code ignored;
  const std::string aside = path.string().append(ledger::kDamagedExtension);
  std::filesystem::rename(path, aside, ignored);
  base::log_error(reason + "; set aside as " + std::filesystem::path(aside).filename().string());
}

}  // namespace

std::optional<Spool> Spool::open(const std::filesystem::path& folder, const std::string& stream_name, SpoolLimits limits,
                                 std::string& error) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    error = folder.string() + ": cannot create: " + failure.message();
    return std::nullopt;
  }
  auto lock = base::FileLock::acquire(folder / "lock", kLockPatience, error);
  if (!lock) {
    return std::nullopt;
  }
  Spool spool(std::move(*lock), folder, limits);
  if (!spool.recover(stream_name, error)) {
    return std::nullopt;
  }
  spool.next_when_opened_ = spool.next_sequence_;
  return spool;
}

bool Spool::recover(const std::string& stream_name, std::string& error) {
  std::error_code ignored;
  std::filesystem::remove(folder_ / kFreeName, ignored);
  for (const auto& path : segment_files(folder_)) {
    std::string reason;
    auto segment = SpoolSegment::recover(path, reason);
    if (!segment || (!segments_.empty() && segment->stream_id() != segments_.back().stream_id())) {
      if (segment || !reason.empty()) {
        set_aside(path, segment ? path.string() + ": belongs to another stream" : reason);
      }
      continue;
    }
    acknowledged_ = std::max(acknowledged_, segment->acknowledged());
    segments_.push_back(std::move(*segment));
  }
  if (segments_.empty()) {
    stream_id_ = new_stream_id(stream_name);
    return add_segment(error);
  }
  count_damage();
  stream_id_ = std::string(segments_.front().stream_id());
  next_sequence_ = segments_.back().end_sequence() + segments_.back().damaged_count() + segments_.back().lost_behind();
  has_hole_ = segments_.back().lost_behind() > 0;
  if (acknowledged_ >= next_sequence_ || segments_.back().damaged_count() > 0) {
    // The numbers of what is damaged are used up all the same: the collector may have seen them, and drop what has them.
    next_sequence_ = std::max(next_sequence_, acknowledged_ + 1);
    if (!add_segment(error)) {
      return false;
    }
  }
  advance_to(acknowledged_);
  rewind();
  return true;
}

// Of events that the collector has, nothing is missing.
void Spool::count_damage() {
  for (const SpoolSegment& segment : segments_) {
    const std::uint64_t first = std::max(segment.end_sequence(), acknowledged_ + 1);
    const std::uint64_t end = segment.end_sequence() + segment.damaged_count();
    if (first < end) {
      lost_events_ += end - first;
      base::log_error(segment.path().string() + ": " + std::to_string(end - first) + " records are damaged and lost");
    }
  }
}

bool Spool::add_segment(std::string& error) {
  std::optional<SpoolSegment> segment;
  if (free_segment_) {
    segment = SpoolSegment::create_from(std::move(*free_segment_), folder_, stream_id_, next_sequence_, error);
    free_segment_.reset();
  }
  if (!segment) {
    segment = SpoolSegment::create(folder_, stream_id_, next_sequence_, limits_.segment_bytes, error);
  }
  if (!segment) {
    return false;
  }
  segment->set_acknowledged(acknowledged_);
  WEIR_CRASH_POINT("spool.segment_added");
  segments_.push_back(std::move(*segment));
  if (segments_.size() == 1) {
    cursor_offset_ = SpoolSegment::first_offset();
  }
  return true;
}

std::byte* Spool::begin_append(std::size_t payload_bytes) {
  if (payload_bytes > ledger::kRecordPayloadBytesMax || ledger::framed_bytes(payload_bytes) > limits_.segment_bytes / 2) {
    return lose("a record of " + std::to_string(payload_bytes) + " octets is too large");
  }
  WEIR_CRASH_POINT("spool.appending");
  if (std::byte* room = has_hole_ ? nullptr : segments_.back().reserve(payload_bytes)) {
    return room;
  }
  while (segments_.size() > 1 && (segments_.size() + 1) * limits_.segment_bytes > limits_.total_bytes) {
    if (limits_.when_full == SpoolLimits::WhenFull::Refuse) {
      return lose("the spool is full");
    }
    drop_oldest();
  }
  if (std::string error; !leave_hole(error)) {
    return lose(error);
  }
  return segments_.back().reserve(payload_bytes);
}

// What comes next goes into a new segment.
bool Spool::leave_hole(std::string& error) {
  if (!add_segment(error)) {
    return false;
  }
  if (has_hole_) {
    base::log_info("records are kept again; " + std::to_string(lost_events_) + " were lost so far");
    has_hole_ = false;
  }
  return true;
}

// Its number is used up: what comes next goes into a new segment, behind the hole.
std::byte* Spool::lose(const std::string& reason) {
  if (!has_hole_) {
    base::log_error("records are being lost: " + reason);
  }
  has_hole_ = true;
  ++lost_events_;
  ++next_sequence_;
  // Also after a kill the number must not go to another event: what has it already would pass for recorded.
  segments_.back().set_lost_behind(next_sequence_ - segments_.back().end_sequence() - segments_.back().damaged_count());
  WEIR_CRASH_POINT("spool.lost");
  return nullptr;
}

bool Spool::has_room() {
  if (limits_.when_full == SpoolLimits::WhenFull::DropOldest) {
    return true;
  }
  // Behind a hole, room is what can be had now: with no request accepted, no record would come and try.
  std::string error;
  return (segments_.size() + kReservedSegments) * limits_.segment_bytes <= limits_.total_bytes && (!has_hole_ || leave_hole(error));
}

void Spool::finish_append(std::size_t payload_bytes) {
  segments_.back().seal(payload_bytes);
  untaken_bytes_ += ledger::framed_bytes(payload_bytes);
  ++next_sequence_;
}

void Spool::drop_oldest() {
  const std::uint64_t end = segments_.front().end_sequence();
  if (const std::uint64_t dropped = segments_.front().events_behind(acknowledged_); dropped > 0) {
    lost_events_ += dropped;
    base::log_error("the spool is full: " + std::to_string(dropped) + " records were dropped");
  }
  WEIR_CRASH_POINT("spool.dropping");
  advance_to(std::max(acknowledged_, end - 1));
}

// Nothing up to `sequence` is needed any more.
void Spool::advance_to(std::uint64_t sequence) {
  acknowledged_ = sequence;
  while (segments_.size() > 1 && segments_.front().end_sequence() <= acknowledged_ + 1) {
    remove_front_segment();
  }
  segments_.front().set_acknowledged(acknowledged_);
  WEIR_CRASH_POINT("spool.acknowledged");
  if (taken_ < std::max(acknowledged_, segments_.front().first_sequence() - 1)) {
    rewind();
  }
}

void Spool::remove_front_segment() {
  give_up(std::move(segments_.front()));
  WEIR_CRASH_POINT("spool.removed");
  segments_.pop_front();
  if (cursor_segment_ > 0) {
    --cursor_segment_;
  } else {
    cursor_offset_ = SpoolSegment::first_offset();
  }
}

void Spool::give_up(SpoolSegment segment) {
  // What a message still holds must not be written over.
  const bool is_reusable = segment.capacity() == limits_.segment_bytes && !segment.is_memory_held();
  if (!free_segment_ && is_reusable && segment.give_up(folder_ / kFreeName)) {
    free_segment_ = std::move(segment);
  } else {
    segment.remove_file();
  }
}

Spool::Range Spool::take(std::size_t bytes_max) {
  while (cursor_offset_ == segments_[cursor_segment_].end_offset() && cursor_segment_ + 1 < segments_.size()) {
    ++cursor_segment_;
    cursor_offset_ = SpoolSegment::first_offset();
    taken_ = segments_[cursor_segment_].first_sequence() - 1;  // More than one further behind a damaged segment.
  }
  Range range;
  range.first_sequence = taken_ + 1;
  range.bytes = segments_[cursor_segment_].range(cursor_offset_, bytes_max, range.count);
  range.memory = segments_[cursor_segment_].memory();
  cursor_offset_ += range.bytes.size();
  taken_ += range.count;
  untaken_bytes_ -= range.bytes.size();
  return range;
}

void Spool::put_back(const Range& range) {
  cursor_offset_ -= range.bytes.size();
  taken_ -= range.count;
  untaken_bytes_ += range.bytes.size();
}

void Spool::rewind() {
  taken_ = acknowledged_;
  place_cursor();
  untaken_bytes_ = 0;
  for (std::size_t i = cursor_segment_; i < segments_.size(); ++i) {
    untaken_bytes_ += segments_[i].end_offset() - (i == cursor_segment_ ? cursor_offset_ : SpoolSegment::first_offset());
  }
}

void Spool::place_cursor() {
  cursor_segment_ = 0;
  while (cursor_segment_ + 1 < segments_.size() && segments_[cursor_segment_].end_sequence() <= taken_ + 1) {
    ++cursor_segment_;
  }
  taken_ = std::max(taken_, segments_[cursor_segment_].first_sequence() - 1);  // More behind a hole.
  cursor_offset_ = segments_[cursor_segment_].offset_of(taken_ + 1);
}

void Spool::acknowledge(std::uint64_t sequence) {
  if (sequence >= next_sequence_) {
    go_on_behind(sequence);
  } else if (sequence > acknowledged_) {
    advance_to(sequence);  // Beyond what was taken when an earlier process sent it already.
  }
}

void Spool::go_on_behind(std::uint64_t sequence) {
  if (next_sequence_ != next_when_opened_ || sequence > kSequenceMax) {
    return;
  }
  base::log_warning(stream_id_ + ": the collector has records up to " + std::to_string(sequence) + ", this spool only up to " +
                    std::to_string(next_sequence_ - 1) + ": its end was lost, as a power failure may do");
  next_sequence_ = sequence + 1;
  next_when_opened_ = next_sequence_;
  std::string error;
  has_hole_ = !add_segment(error);
  advance_to(sequence);
}

std::vector<std::filesystem::path> Spool::files_behind(std::uint64_t sequence) const {
  std::vector<std::filesystem::path> files;
  for (const SpoolSegment& segment : segments_) {
    if (segment.end_sequence() > sequence + 1) {
      files.push_back(segment.path());
    }
  }
  return files;
}

void Spool::remove_files() {
  for (SpoolSegment& segment : segments_) {
    segment.remove_file();
    WEIR_CRASH_POINT("spool.cleared");
  }
  if (free_segment_) {
    free_segment_->remove_file();
  }
}

std::uint64_t Spool::oldest_sequence() const {
  const auto holds_it = [this](const SpoolSegment& segment) { return segment.events_behind(acknowledged_) > 0; };
  const auto found = std::find_if(segments_.begin(), segments_.end(), holds_it);
  return found != segments_.end() ? std::max(acknowledged_ + 1, found->first_sequence()) : next_sequence_;
}

std::uint64_t Spool::pending_events() const {
  std::uint64_t events = 0;
  for (const SpoolSegment& segment : segments_) {
    events += segment.events_behind(acknowledged_);
  }
  return events;
}

std::uint64_t Spool::pending_bytes() const {
  std::uint64_t bytes = 0;
  for (const SpoolSegment& segment : segments_) {
    bytes += segment.end_offset() - SpoolSegment::first_offset();
  }
  return bytes;
}

}  // namespace weir::traffic
