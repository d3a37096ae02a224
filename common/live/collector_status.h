// How the collector is, in a mapped file, DIR/run/collector_status: it can be told on a full disk, and read by everybody
// at any time. Written by the collector; scripts/supervisor knows this layout.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/mapped_file.h"

namespace weir::live {

enum class CollectorState : std::uint64_t {
  Ended = 0,       // in order
  Starting = 1,
  Recording = 2,
  WaitingOut = 3,  // cannot write; the workers keep the records
  Stopping = 4,
};

// All times are microseconds since the Unix epoch, 0 for never. Counts are those of this process.
struct CollectorFacts {
  using Word = std::atomic<std::uint64_t>;

  Word pid;
  Word started_at_us;
  Word state;
  Word since_us;           // when it entered that state
  Word last_commit_us;
  Word committed_events;
  Word refused_batches;
  Word refused_peers;
  Word unreadable_events;
  Word lost_events;        // in gaps
  Word last_error_us;
  Word error_version;      // odd while `error` is being written
  Word error_bytes;
  std::array<Word, 17> reserved;
  std::array<char, 512> error;  // UTF-8
};
static_assert(sizeof(CollectorFacts) == 752);

class CollectorStatusFile {
 public:
  // Opens or creates the file for writing, and begins anew: this process, Starting. On failure `error` says why.
  static std::optional<CollectorStatusFile> open(const std::filesystem::path& path, std::string& error);

  CollectorFacts& facts() const;
  void enter(CollectorState state);
  // Keeps the words for whoever asks what the last trouble was.
  void note_error(std::string_view words);

 private:
  base::MappedFile file_;
};

}  // namespace weir::live
