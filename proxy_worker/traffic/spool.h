// The worker's queue of events for the collector: a stream of numbered events in mapped segment files, in a folder of its
// own (DIR/spool/worker-<id>). Appending is a copy into memory; what was appended survives the process. An event leaves
// the spool when the collector has committed it. At the size limit the oldest events make room, or new ones are lost; an
// event that is lost keeps its number, so that the collector records a gap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/file_lock.h"
#include "proxy_worker/traffic/spool_segment.h"

namespace weir::traffic {

struct SpoolLimits {
  std::size_t segment_bytes = 4u << 20;
  std::size_t total_bytes = 1u << 30;
  // What gives way when that is reached: the oldest events, or the newest (and no request is to be accepted then).
  enum class WhenFull { DropOldest, Refuse } when_full = WhenFull::DropOldest;
};

class Spool {
 public:
  // Takes up what an earlier process left there. On failure `error` says why: the folder cannot be made, or another
  // worker of the same number still uses it.
  static std::optional<Spool> open(const std::filesystem::path& folder, const std::string& stream_name, SpoolLimits limits,
                                   std::string& error);

  const std::string& stream_id() const { return stream_id_; }

  // Whether a request may be accepted, as far as its record is concerned: with WhenFull::Refuse there must be room for
  // it, and for those of the requests under way.
  bool has_room();
  // The number that the next event gets.
  std::uint64_t next_sequence() const { return next_sequence_; }
  // Where the next event's payload goes; nullptr when no room can be had (the disk is full), and the event counts as
  // lost. finish_append() makes it an event.
  std::byte* begin_append(std::size_t payload_bytes);
  void finish_append(std::size_t payload_bytes);

  struct Range {
    std::uint64_t first_sequence = 0;
    std::uint64_t count = 0;  // 0: everything was taken
    std::span<const std::byte> bytes;  // of the segment itself
    std::shared_ptr<const void> memory;  // while it is held, `bytes` stay what they are
  };
  // The next events that were not taken yet, and passes over them.
  Range take(std::size_t bytes_max);
  // Undoes the take() before: the range could not be sent.
  void put_back(const Range& range);
  // What was taken but not acknowledged will be taken again.
  void rewind();
  // The collector has committed everything up to `sequence`. If that is more than was ever here, the end of the stream was
  // lost, as a power failure may do: numbers go on behind it, unless some were given out again already.
  void acknowledge(std::uint64_t sequence);

  // The segments that hold events behind `sequence`.
  std::vector<std::filesystem::path> files_behind(std::uint64_t sequence) const;

  // Everything is delivered, and no worker will append here: removes the segments.
  void remove_files();

  // The oldest event that is still here, or the next one when none is.
  std::uint64_t oldest_sequence() const;
  std::uint64_t pending_events() const;
  std::uint64_t pending_bytes() const;
  std::uint64_t untaken_bytes() const { return untaken_bytes_; }
  bool has_untaken() const { return untaken_bytes_ != 0; }
  // Nothing is left here, and the collector knows of all that was lost.
  bool is_all_acknowledged() const { return acknowledged_ + 1 >= next_sequence_; }
  // Nothing is left here, but the last numbers were lost, and the collector does not know of it: no event follows that
  // could tell.
  bool has_untold_loss() const { return !is_all_acknowledged() && oldest_sequence() == next_sequence_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t taken() const { return taken_; }
  std::uint64_t lost_events() const { return lost_events_; }

 private:
  Spool(base::FileLock lock, std::filesystem::path folder, SpoolLimits limits)
      : lock_(std::move(lock)), folder_(std::move(folder)), limits_(limits) {}

  bool recover(const std::string& stream_name, std::string& error);
  void count_damage();
  bool add_segment(std::string& error);
  bool leave_hole(std::string& error);
  std::byte* lose(const std::string& reason);
  void drop_oldest();
  void go_on_behind(std::uint64_t sequence);
  void advance_to(std::uint64_t sequence);
  void remove_front_segment();
  void give_up(SpoolSegment segment);
  void place_cursor();

  base::FileLock lock_;
  std::filesystem::path folder_;
  SpoolLimits limits_;
  std::string stream_id_;
  std::deque<SpoolSegment> segments_;   // never empty once it is open; the last one is appended to
  // One that was delivered whole, for what comes next: memory that is mapped already costs a tenth of what is new. Nothing
  // of it is of use to another process.
  std::optional<SpoolSegment> free_segment_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t next_when_opened_ = 1;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t taken_ = 0;             // last sequence given out by take()
  std::size_t cursor_segment_ = 0;
  std::size_t cursor_offset_ = 0;
  std::uint64_t untaken_bytes_ = 0;
  std::uint64_t lost_events_ = 0;
  bool has_hole_ = false;               // behind the last segment's events: numbers of some that were lost
};

}  // namespace weir::traffic
