#include "proxy_worker/traffic/in_flight_table.h"

#include <cstdio>
#include <cstring>

#include "common/base/crash_point.h"
#include "common/base/log.h"

namespace weir::traffic {

namespace {

// In the place of each file's first slot.
struct Header {
  std::array<char, 8> magic;
  std::uint64_t slot_bytes;
  std::array<std::byte, InFlightSlot::kBytes - 16> reserved;
};
static_assert(sizeof(Header) == InFlightSlot::kBytes);

constexpr std::array<char, 8> kMagic{'W', 'E', 'I', 'R', 'F', 'L', 'T', '1'};

std::filesystem::path file_path(const std::filesystem::path& folder, std::size_t number) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "in_flight.%03zu", number);
  return folder / name.data();
}

constexpr std::size_t file_bytes(std::size_t slots) { return (slots + 1) * InFlightSlot::kBytes; }

bool is_table(const base::MappedFile& file, std::size_t slots) {
  if (file.bytes().size() != file_bytes(slots)) {
    return false;
  }
  const auto& header = *reinterpret_cast<const Header*>(file.bytes().data());
  return header.magic == kMagic && header.slot_bytes == InFlightSlot::kBytes;
}

std::span<InFlightSlot> slots_of(const base::MappedFile& file) {
  return {reinterpret_cast<InFlightSlot*>(file.bytes().data()) + 1, file.bytes().size() / InFlightSlot::kBytes - 1};
}

}  // namespace

InFlightTable::InFlightTable(std::filesystem::path folder, std::size_t slots_per_file)
    : folder_(std::move(folder)), slots_per_file_(slots_per_file) {
  std::string error;
  std::error_code failure;
  while (std::filesystem::exists(file_path(folder_, files_.size()), failure)) {
    const auto path = file_path(folder_, files_.size());
    auto file = base::MappedFile::open(path, base::MappedFile::Access::ReadWrite, error);
    if (!file || !is_table(*file, slots_per_file_)) {
      // Left by a process that was killed while it made the file: nothing was ever in it.
      std::filesystem::remove(path, failure);
      break;
    }
    take_over(std::move(*file));
  }
  if (files_.empty()) {
    add_file();
  }
}

void InFlightTable::take_over(base::MappedFile file) {
  files_.push_back(std::move(file));
  const auto slots = slots_of(files_.back());
  for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
    if (slot->event_bytes.load(std::memory_order_acquire) == 0) {
      free_.push_back(&*slot);
    }
  }
}

bool InFlightTable::add_file() {
  std::string error;
  auto file = base::MappedFile::create(file_path(folder_, files_.size()), file_bytes(slots_per_file_), error);
  if (!file) {
    if (!is_disk_full_) {
      base::log_error("requests that a crash interrupts will not be recorded: " + error);
    }
    is_disk_full_ = true;
    return false;
  }
  is_disk_full_ = false;
  WEIR_CRASH_POINT("in_flight.file_made");
  Header header{};
  header.magic = kMagic;
  header.slot_bytes = InFlightSlot::kBytes;
  std::memcpy(file->bytes().data(), &header, sizeof header);
  take_over(std::move(*file));
  return true;
}

InFlightSlot* InFlightTable::take(std::span<const std::byte> event) {
  if (event.empty() || event.size() > InFlightSlot::kEventBytesMax || (free_.empty() && !add_file())) {
    return nullptr;
  }
  InFlightSlot& slot = *free_.back();
  free_.pop_back();
  const std::uint32_t version = slot.version.load(std::memory_order_relaxed);
  slot.version.store(version + 1, std::memory_order_release);
  for (auto* word : {&slot.recorded_as, &slot.duration_us, &slot.ttfb_us, &slot.status, &slot.bytes_sent, &slot.bytes_received, &slot.told_as,
                     &slot.told_sent_before, &slot.told_received_before, &slot.told_sent, &slot.told_received}) {
    word->store(0, std::memory_order_relaxed);
  }
  std::memcpy(slot.event.data(), event.data(), event.size());
  WEIR_CRASH_POINT("in_flight.copied");
  slot.version.store(version + 2, std::memory_order_release);
  slot.event_bytes.store(static_cast<std::uint32_t>(event.size()), std::memory_order_release);
  WEIR_CRASH_POINT("in_flight.taken");
  return &slot;
}

void InFlightTable::give_back(InFlightSlot& slot) {
  slot.event_bytes.store(0, std::memory_order_release);
  free_.push_back(&slot);
}

void InFlightTable::remove_files() {
  std::error_code ignored;
  // From the end: who is killed in between leaves files that the next one finds, which looks no further than one that is missing.
  for (std::size_t number = files_.size(); number-- > 0;) {
    std::filesystem::remove(file_path(folder_, number), ignored);
    WEIR_CRASH_POINT("in_flight.removed");
  }
}

std::vector<InFlightSlot*> InFlightTable::used() {
  std::vector<InFlightSlot*> used;
  for (const base::MappedFile& file : files_) {
    for (InFlightSlot& slot : slots_of(file)) {
      if (slot.event_bytes.load(std::memory_order_acquire) != 0) {
        used.push_back(&slot);
      }
    }
  }
  return used;
}

}  // namespace weir::traffic
