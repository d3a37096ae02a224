// A worker's spool folder as it stands, read without touching it, also while the worker appends and the collector
// acknowledges.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reporter/verify/number_set.h"

namespace weir::verify {

struct SpoolView {
  std::string name;       // of the folder
  std::string stream_id;  // empty when no segment can be read
  // The last event that the worker does not keep any more: the collector has it, or it was given up.
  std::uint64_t acknowledged = 0;
  // One past the last event that is there; 1 when there is none.
  std::uint64_t end_sequence = 1;
  // The last number that was given to an event, also to one that was lost because there was no room.
  std::uint64_t last_used = 0;
  std::vector<Range> unreadable;     // events before end_sequence that damage has taken
  std::vector<std::string> damages;  // one line for each
  std::vector<std::string> set_aside;  // segments that a worker could not read

  // Events that are kept and come after `sequence`.
  std::uint64_t events_after(std::uint64_t sequence) const;
};

// All spools below DIR/spool, in the order of their names; empty when there are none.
std::vector<SpoolView> view_spools(const std::filesystem::path& data_dir);
SpoolView view_spool(const std::filesystem::path& folder);

}  // namespace weir::verify
