#include "common/live/counters.h"

#include <unistd.h>

#include <chrono>
#include <cstring>

namespace weir::live {

namespace {

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t slots;
  std::uint32_t slot_bytes;
  std::array<std::uint8_t, 44> reserved;
};
static_assert(sizeof(Header) == 64);

constexpr std::uint32_t kVersion = 1;

}  // namespace

void start(WorkerCounters& slot) {
  for (auto* word = &slot.pid; word != &slot.pid + sizeof slot / sizeof *word; ++word) {
    word->store(0, std::memory_order_relaxed);
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  slot.started_at_us.store(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count()),
                           std::memory_order_relaxed);
  slot.pid.store(static_cast<std::uint64_t>(::getpid()), std::memory_order_release);
}

void stop(WorkerCounters& slot) {
  slot.pid.store(0, std::memory_order_relaxed);
  slot.client_connections_open.store(0, std::memory_order_relaxed);
  slot.origin_connections_open.store(0, std::memory_order_relaxed);
  slot.tunnels_open.store(0, std::memory_order_relaxed);
}

std::optional<CountersFile> CountersFile::open(const std::filesystem::path& path, std::string& error) {
  auto file = base::MappedFile::create(path, sizeof(Header) + kSlots * sizeof(WorkerCounters), error);
  if (!file) {
    return std::nullopt;
  }
  // Every worker writes the same octets, so it does not matter who comes first.
  Header header{};
  std::memcpy(header.magic, "WEIRCNT1", sizeof header.magic);
  header.version = kVersion;
  header.slots = kSlots;
  header.slot_bytes = sizeof(WorkerCounters);
  std::memcpy(file->bytes().data(), &header, sizeof header);
  CountersFile result;
  result.file_ = std::move(*file);
  return result;
}

WorkerCounters& CountersFile::slot(std::uint32_t worker_id) const {
  std::byte* first = file_.bytes().data() + sizeof(Header);
  return *reinterpret_cast<WorkerCounters*>(first + sizeof(WorkerCounters) * worker_id);
}

}  // namespace weir::live
