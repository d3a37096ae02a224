#include "reporter/verify/spool_view.h"

#include <algorithm>
#include <atomic>
#include <system_error>

#include "common/base/mapped_file.h"
#include "common/ledger/segment.h"
#include "reporter/verify/check.h"

namespace weir::verify {

namespace {

std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    paths.push_back(entry->path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// A file that a worker has begun to make, or was killed while it did: nothing is in it.
bool is_blank(std::span<const std::byte> segment) {
  const auto header = segment.first(std::min(segment.size(), sizeof(ledger::SegmentHeader)));
  return std::all_of(header.begin(), header.end(), [](std::byte octet) { return octet == std::byte{0}; });
}

// The events of a segment, counted until the worker adds none in the meantime, and whether something is wrong behind them.
bool count_all(std::span<const std::byte> segment, ledger::SegmentEvents& events) {
  while (true) {
    const bool is_damaged = ledger::is_damaged_behind(segment, events.end_offset);
    const ledger::SegmentEvents further = ledger::count_events(segment, events.end_offset);
    if (!is_damaged || further.count == 0) {
      return is_damaged;
    }
    events.count += further.count;
    events.end_offset = further.end_offset;
  }
}

std::uint64_t load(const std::uint64_t& word) {
  return std::atomic_ref(const_cast<std::uint64_t&>(word)).load(std::memory_order_acquire);
}

// Gives the number behind the last event that was ever finished here.
std::uint64_t enter_events(SpoolView& view, const std::string& file, std::span<const std::byte> segment, const ledger::SegmentHeader& header) {
  // Read before the events are counted: what it tells of was finished by then.
  const std::uint64_t finished = load(header.end_sequence);
  ledger::SegmentEvents events = ledger::count_events(segment);
  const bool is_damaged = count_all(segment, events);
  const std::uint64_t end = header.first_sequence + events.count;
  if (is_damaged || finished > end) {
    view.damages.push_back(file + " is damaged behind event " + std::to_string(end - 1) + ", at octet " + std::to_string(events.end_offset));
  }
  if (finished > end) {
    view.unreadable.push_back({end, finished - 1});
  }
  return std::max(end, finished);
}

void enter(SpoolView& view, const std::string& file, std::span<const std::byte> segment) {
  const ledger::SegmentHeader* header = ledger::segment_header(segment);
  if (header == nullptr) {
    if (!is_blank(segment)) {
      view.damages.push_back(file + " is not a spool segment");
    }
    return;
  }
  const std::string stream_id = header->stream_id.data();
  if (!view.stream_id.empty() && stream_id != view.stream_id) {
    view.damages.push_back(file + " belongs to another stream, " + stream_id);
    return;
  }
  const std::uint64_t first = header->first_sequence;
  const bool is_first = view.stream_id.empty();
  if (is_first) {
    view.stream_id = stream_id;
  } else if (first > view.end_sequence) {
    view.unreadable.push_back({view.end_sequence, first - 1});
  }
  view.acknowledged = std::max(view.acknowledged, header->acknowledged);
  if (is_first) {
    view.acknowledged = std::max(view.acknowledged, first - 1);
  }
  view.end_sequence = enter_events(view, file, segment, *header);
  view.last_used = view.end_sequence - 1 + load(header->lost_behind);
}

}  // namespace

std::uint64_t SpoolView::events_after(std::uint64_t sequence) const {
  const Range pending{std::max(acknowledged, sequence) + 1, end_sequence - 1};
  return pending.first > pending.last ? 0 : total(subtract({pending}, unreadable));
}

SpoolView view_spool(const std::filesystem::path& folder) {
  SpoolView view;
  view.name = folder.filename().string();
  for (const auto& path : entries_of(folder)) {
    const std::string file = view.name + "/" + path.filename().string();
    if (path.extension() == ledger::kDamagedExtension) {
      view.set_aside.push_back(file);
    }
    if (path.extension() != ledger::kSegmentExtension) {
      continue;
    }
    std::string error;
    std::error_code unknown;
    if (const auto mapped = base::MappedFile::open(path, base::MappedFile::Access::ReadOnly, error)) {
      enter(view, file, mapped->bytes());
    } else if (std::filesystem::exists(path, unknown) && std::filesystem::file_size(path, unknown) > 0) {
      view.damages.push_back(error);
    }  // Else it was delivered and removed meanwhile, or has just been made.
  }
  return view;
}

std::vector<SpoolView> view_spools(const std::filesystem::path& data_dir) {
  std::vector<SpoolView> views;
  for (const auto& path : entries_of(data_dir / "spool")) {
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown)) {
      views.push_back(view_spool(path));
    }
  }
  return views;
}

}  // namespace weir::verify
