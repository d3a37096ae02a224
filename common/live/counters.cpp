#include "common/live/counters.h"

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
