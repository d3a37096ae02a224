// Live counters of all workers in one mapped file, DIR/run/counters: each worker writes its own slot, the supervisor's
// `status` and the reporter read them at any time, at no cost to traffic. scripts/supervisor knows this layout.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/mapped_file.h"

namespace weir::live {

// One worker's slot: 32 words of 8 octets. Totals count from the start of the worker's process.
struct WorkerCounters {
  using Word = std::atomic<std::uint64_t>;

  Word pid;
  Word started_at_us;  // since the Unix epoch
  Word requests;       // finished, whatever their outcome
  Word refused;
  Word rate_limited;
  Word failed;
  Word cut_off;
  Word client_connections_open;
  Word client_connections_accepted;
  Word tunnels_open;
  Word bytes_sent;
  Word bytes_received;
  Word records_pending;        // in the spool, not yet acknowledged by the collector
  Word records_pending_bytes;
  Word records_lost;           // dropped because the spool was full
  Word origin_connections_open;
  std::array<Word, 16> reserved;
};
static_assert(sizeof(WorkerCounters) == 256);

// Adds without a locked instruction: a slot has one writer.
inline void add(WorkerCounters::Word& word, std::uint64_t amount) {
  word.store(word.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
inline void subtract(WorkerCounters::Word& word, std::uint64_t amount) {
  word.store(word.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
}

// A worker process takes its slot over from the one before it: all zeros but its own pid and start.
void start(WorkerCounters& slot);
// It ends in order: nobody serves here now.
void stop(WorkerCounters& slot);

class CountersFile {
 public:
  static constexpr std::uint32_t kSlots = 512;

  // Opens or creates the file for writing. On failure `error` says why.
  static std::optional<CountersFile> open(const std::filesystem::path& path, std::string& error);
  // The slot of one worker, 0..kSlots-1; lives as long as this object.
  WorkerCounters& slot(std::uint32_t worker_id) const;

 private:
  base::MappedFile file_;
};

}  // namespace weir::live
