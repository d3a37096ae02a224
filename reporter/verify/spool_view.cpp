#include "reporter/verify/spool_view.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <utility>

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

std::uint64_t load(const std::uint64_t& word) {
  return std::atomic_ref(const_cast<std::uint64_t&>(word)).load(std::memory_order_acquire);
}

// What a segment tells. The worker may append to it meanwhile.
struct Told {
  std::string stream_id;
  std::uint64_t first_sequence;
  std::uint64_t acknowledged;
  std::uint64_t finished;  // one past the last event that was ever finished here
  ledger::SegmentEvents events;
  std::uint64_t lost_behind;
};

// Nothing when the file has another life meanwhile: what was in it, the collector has.
std::optional<Told> read(std::span<const std::byte> segment, const ledger::SegmentHeader& header) {
  Told told{header.stream_id.data(), header.first_sequence, header.acknowledged, 0, {}, 0};
  // Read before the events are counted: what it tells of was finished by then.
  told.finished = load(header.end_sequence);
  told.events = ledger::count_events(segment, told.first_sequence);
  told.lost_behind = load(header.lost_behind);
  return ledger::is_still(header, told.first_sequence) ? std::optional(std::move(told)) : std::nullopt;
}

void enter(SpoolView& view, const std::string& file, std::span<const std::byte> segment) {
  const ledger::SegmentHeader* header = ledger::segment_header(segment);
  if (header == nullptr) {
    if (!ledger::is_vacant(segment) && ledger::segment_header(segment) == nullptr) {  // It may have been begun in between.
      view.damages.push_back(file + " is not a spool segment");
    }
    return;
  }
  const std::optional<Told> told = read(segment, *header);
  if (!told) {
    return;
  }
  if (!view.stream_id.empty() && told->stream_id != view.stream_id) {
    view.damages.push_back(file + " belongs to another stream, " + told->stream_id);
    return;
  }
  view.acknowledged = std::max(view.acknowledged, told->acknowledged);
  if (view.stream_id.empty()) {
    view.stream_id = told->stream_id;
    view.acknowledged = std::max(view.acknowledged, told->first_sequence - 1);
  } else if (told->first_sequence > view.end_sequence) {
    view.unreadable.push_back({view.end_sequence, told->first_sequence - 1});
  }
  const std::uint64_t end = told->first_sequence + told->events.count;
  if (told->finished > end) {
    view.damages.push_back(file + " is damaged behind event " + std::to_string(end - 1) + ", at octet " + std::to_string(told->events.end_offset));
    view.unreadable.push_back({end, told->finished - 1});
  }
  view.end_sequence = std::max(end, told->finished);
  view.last_used = view.end_sequence - 1 + told->lost_behind;
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
