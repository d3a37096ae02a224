#include "common/live/collector_status.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace weir::live {

namespace {

constexpr std::array<char, 8> kMagic{'W', 'E', 'I', 'R', 'C', 'O', 'L', '1'};

struct Layout {
  std::array<char, 8> magic;
  std::uint64_t facts_bytes;
  CollectorFacts facts;
};

Layout& layout_of(const base::MappedFile& file) { return *reinterpret_cast<Layout*>(file.bytes().data()); }

std::uint64_t now_us() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count());
}

}  // namespace

std::optional<CollectorStatusFile> CollectorStatusFile::open(const std::filesystem::path& path, std::string& error) {
  auto file = base::MappedFile::create(path, sizeof(Layout), error);
  if (!file) {
    return std::nullopt;
  }
  CollectorStatusFile status;
  status.file_ = std::move(*file);
  std::memset(static_cast<void*>(status.file_.bytes().data()), 0, sizeof(Layout));
  layout_of(status.file_).facts_bytes = sizeof(CollectorFacts);
  status.facts().pid = static_cast<std::uint64_t>(::getpid());
  status.facts().started_at_us = now_us();
  status.enter(CollectorState::Starting);
  layout_of(status.file_).magic = kMagic;
  return status;
}

CollectorFacts& CollectorStatusFile::facts() const { return layout_of(file_).facts; }

void CollectorStatusFile::enter(CollectorState state) {
  facts().since_us = now_us();
  facts().state = static_cast<std::uint64_t>(state);
}

void CollectorStatusFile::note_error(std::string_view words) {
  CollectorFacts& facts = this->facts();
  const std::size_t bytes = std::min(words.size(), facts.error.size());
  ++facts.error_version;
  std::memcpy(facts.error.data(), words.data(), bytes);
  facts.error_bytes = bytes;
  facts.last_error_us = now_us();
  ++facts.error_version;
}

}  // namespace weir::live
