// One file of a spool: a mapped, preallocated piece of the stream of events. What was appended survives kill -9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/mapped_file.h"

namespace weir::traffic {

class SpoolSegment {
 public:
  // A new file. On failure `error` says why, and no file is left.
  static std::optional<SpoolSegment> create(const std::filesystem::path& folder, std::string_view stream_id,
                                            std::uint64_t first_sequence, std::size_t bytes, std::string& error);
  // The same, in a file whose events are not needed any more: its pages are there already. Without success the file is
  // removed.
  static std::optional<SpoolSegment> create_from(SpoolSegment free, const std::filesystem::path& folder, std::string_view stream_id,
                                                 std::uint64_t first_sequence, std::string& error);
  // A file that an earlier worker process left. Its events are counted up to the first that is not whole. An empty `error`:
  // the process was killed while it made the file, or gave it up; nothing is in it, and it is removed.
  static std::optional<SpoolSegment> recover(const std::filesystem::path& path, std::string& error);

  std::string_view stream_id() const;
  std::uint64_t first_sequence() const;
  // One past the last event's.
  std::uint64_t end_sequence() const { return first_sequence() + event_count_; }
  std::uint64_t event_count() const { return event_count_; }
  // How many of its events come after `sequence`.
  std::uint64_t events_behind(std::uint64_t sequence) const;
  // Events that were here once, behind those that still are: damage of the disk or the file has taken them. Nothing can be
  // appended to such a segment.
  std::uint64_t damaged_count() const;
  std::size_t capacity() const { return file_->bytes().size(); }
  const std::filesystem::path& path() const { return path_; }

  // Numbers behind the last event that are used up by events which were lost; kept in the file. Nothing can be appended
  // to such a segment.
  std::uint64_t lost_behind() const;
  void set_lost_behind(std::uint64_t count);

  // Room for a payload, behind the last event; nothing when it does not fit any more. seal() makes it an event.
  std::byte* reserve(std::size_t payload_bytes);
  void seal(std::size_t payload_bytes);

  // Whole events from `offset` on, at most about `bytes_max` octets but at least one event, if there is one; `count`
  // says how many.
  std::span<const std::byte> range(std::size_t offset, std::size_t bytes_max, std::uint64_t& count) const;
  // Who holds it can read a range for as long as he likes, whatever becomes of the segment, in any thread.
  std::shared_ptr<const void> memory() const { return file_; }
  bool is_memory_held() const;
  // Where the event with this sequence number begins; the segment's end for end_sequence().
  std::size_t offset_of(std::uint64_t sequence) const;
  static std::size_t first_offset();
  std::size_t end_offset() const { return end_; }

  // The last event that the collector has committed, kept in the file for the next worker process.
  std::uint64_t acknowledged() const;
  void set_acknowledged(std::uint64_t sequence);

  // Its events are not needed any more: gives the file another name, which is none of a segment, for create_from(). False:
  // that failed.
  bool give_up(const std::filesystem::path& free_path);
  void remove_file();

 private:
  SpoolSegment() = default;
  void begin(std::string_view stream_id, std::uint64_t first_sequence);
  void publish_end();

  std::filesystem::path path_;
  std::shared_ptr<base::MappedFile> file_;
  std::size_t end_ = 0;
  std::uint64_t event_count_ = 0;
};

}  // namespace weir::traffic
