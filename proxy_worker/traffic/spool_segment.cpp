#include "proxy_worker/traffic/spool_segment.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "common/base/crash_point.h"
#include "common/ledger/record_frame.h"
#include "common/ledger/segment.h"

namespace weir::traffic {

namespace {

using Header = ledger::SegmentHeader;

const Header& header_of(const base::MappedFile& file) { return *reinterpret_cast<const Header*>(file.bytes().data()); }

std::size_t frame_length(const std::byte* frame) {
  std::uint32_t length = 0;
  std::memcpy(&length, frame, sizeof length);
  return ledger::framed_bytes(length);
}

std::string file_name(std::uint64_t first_sequence) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%020llu", static_cast<unsigned long long>(first_sequence));
  return std::string(name.data()).append(ledger::kSegmentExtension);
}

// Last: what has no magic is no segment.
void store_magic(const base::MappedFile& file, const std::array<char, 8>& magic) {
  std::atomic_ref(reinterpret_cast<Header*>(file.bytes().data())->magic).store(magic, std::memory_order_release);
}

bool is_stream_id_short_enough(std::string_view stream_id, std::string& error) {
  if (stream_id.size() >= sizeof(Header::stream_id)) {
    error = std::string(stream_id) + ": the stream's name is too long";
    return false;
  }
  return true;
}

}  // namespace

std::optional<SpoolSegment> SpoolSegment::create(const std::filesystem::path& folder, std::string_view stream_id,
                                                 std::uint64_t first_sequence, std::size_t bytes, std::string& error) {
  SpoolSegment segment;
  segment.path_ = folder / file_name(first_sequence);
  if (!is_stream_id_short_enough(stream_id, error)) {
    return std::nullopt;
  }
  auto file = base::MappedFile::create(segment.path_, bytes, error);
  if (!file) {
    segment.remove_file();
    return std::nullopt;
  }
  segment.file_ = std::make_shared<base::MappedFile>(std::move(*file));
  WEIR_CRASH_POINT("segment.made");
  segment.begin(stream_id, first_sequence);
  return segment;
}

std::optional<SpoolSegment> SpoolSegment::create_from(SpoolSegment free, const std::filesystem::path& folder, std::string_view stream_id,
                                                      std::uint64_t first_sequence, std::string& error) {
  if (!is_stream_id_short_enough(stream_id, error)) {
    free.remove_file();
    return std::nullopt;
  }
  free.begin(stream_id, first_sequence);
  const std::filesystem::path path = folder / file_name(first_sequence);
  std::error_code failure;
  std::filesystem::rename(free.path_, path, failure);
  if (failure) {
    error = path.string() + ": cannot rename a segment: " + failure.message();
    free.remove_file();
    return std::nullopt;
  }
  WEIR_CRASH_POINT("segment.renamed");
  free.path_ = path;
  return free;
}

void SpoolSegment::begin(std::string_view stream_id, std::uint64_t first_sequence) {
  Header header{};
  header.magic = header_of(*file_).magic;
  header.first_sequence = first_sequence;
  header.end_sequence = first_sequence;
  std::copy(stream_id.begin(), stream_id.end(), header.stream_id.begin());
  std::memcpy(file_->bytes().data(), &header, sizeof header);
  end_ = sizeof header;
  event_count_ = 0;
  WEIR_CRASH_POINT("segment.unnamed");
  store_magic(*file_, ledger::kSegmentMagic);
  WEIR_CRASH_POINT("segment.header");
}

bool SpoolSegment::give_up(const std::filesystem::path& free_path) {
  store_magic(*file_, ledger::kFreeMagic);
  WEIR_CRASH_POINT("segment.given_up");
  std::error_code failure;
  std::filesystem::rename(path_, free_path, failure);
  if (!failure) {
    path_ = free_path;
  }
  return !failure;
}

std::optional<SpoolSegment> SpoolSegment::recover(const std::filesystem::path& path, std::string& error) {
  std::error_code ignored;
  if (std::filesystem::file_size(path, ignored) == 0 && !ignored) {
    error.clear();
    std::filesystem::remove(path, ignored);
    return std::nullopt;
  }
  auto file = base::MappedFile::open(path, base::MappedFile::Access::ReadWrite, error);
  if (!file) {
    return std::nullopt;
  }
  if (ledger::segment_header(file->bytes()) == nullptr) {
    error = path.string() + ": not a spool segment";
    if (ledger::is_vacant(file->bytes())) {
      error.clear();
      std::filesystem::remove(path, ignored);
    }
    return std::nullopt;
  }
  SpoolSegment segment;
  segment.path_ = path;
  segment.file_ = std::make_shared<base::MappedFile>(std::move(*file));
  if (path.filename() != file_name(segment.first_sequence())) {
    // After a power failure a file may have the name of one life and the content of another.
    error = path.string() + ": not the segment that its name says";
    return std::nullopt;
  }
  const ledger::SegmentEvents events = ledger::count_events(segment.file_->bytes(), segment.first_sequence());
  segment.end_ = events.end_offset;
  segment.event_count_ = events.count;
  if (segment.damaged_count() == 0) {
    // What stands behind the last whole event was never finished.
    WEIR_CRASH_POINT("segment.recovered");
    const auto rest = segment.file_->bytes().subspan(segment.end_);
    std::memset(rest.data(), 0, rest.size());
    segment.publish_end();
  }
  return segment;
}

std::string_view SpoolSegment::stream_id() const { return header_of(*file_).stream_id.data(); }

std::uint64_t SpoolSegment::first_sequence() const { return header_of(*file_).first_sequence; }

std::uint64_t SpoolSegment::acknowledged() const { return header_of(*file_).acknowledged; }

void SpoolSegment::set_acknowledged(std::uint64_t sequence) {
  reinterpret_cast<Header*>(file_->bytes().data())->acknowledged = sequence;
}

std::uint64_t SpoolSegment::events_behind(std::uint64_t sequence) const {
  const std::uint64_t first = std::max(first_sequence(), sequence + 1);
  return first < end_sequence() ? end_sequence() - first : 0;
}

std::uint64_t SpoolSegment::lost_behind() const { return header_of(*file_).lost_behind; }

void SpoolSegment::set_lost_behind(std::uint64_t count) {
  reinterpret_cast<Header*>(file_->bytes().data())->lost_behind = count;
}

std::size_t SpoolSegment::first_offset() { return sizeof(Header); }

std::byte* SpoolSegment::reserve(std::size_t payload_bytes) {
  const std::size_t needed = ledger::framed_bytes(payload_bytes);
  return needed <= capacity() - end_ ? file_->bytes().data() + end_ + ledger::kRecordHeaderBytes : nullptr;
}

void SpoolSegment::seal(std::size_t payload_bytes) {
  ledger::seal_record(file_->bytes().data() + end_, end_sequence(), payload_bytes);
  end_ += ledger::framed_bytes(payload_bytes);
  ++event_count_;
  WEIR_CRASH_POINT("segment.sealed");
  publish_end();
}

void SpoolSegment::publish_end() {
  auto& word = reinterpret_cast<Header*>(file_->bytes().data())->end_sequence;
  std::atomic_ref(word).store(end_sequence(), std::memory_order_release);
}

std::uint64_t SpoolSegment::damaged_count() const {
  const std::uint64_t once = header_of(*file_).end_sequence;
  return once > end_sequence() ? once - end_sequence() : 0;
}

std::span<const std::byte> SpoolSegment::range(std::size_t offset, std::size_t bytes_max, std::uint64_t& count) const {
  std::size_t end = offset;
  count = 0;
  while (end < end_) {
    const std::size_t length = frame_length(file_->bytes().data() + end);
    if (count > 0 && end + length - offset > bytes_max) {
      break;
    }
    end += length;
    ++count;
  }
  return file_->bytes().subspan(offset, end - offset);
}

bool SpoolSegment::is_memory_held() const {
  const bool is_held = file_.use_count() > 1;
  // Whoever has let go of it has read all that he will read before anything is written there anew.
  std::atomic_thread_fence(std::memory_order_acquire);
  return is_held;
}

std::size_t SpoolSegment::offset_of(std::uint64_t sequence) const {
  std::size_t offset = sizeof(Header);
  for (std::uint64_t at = first_sequence(); at < sequence && offset < end_; ++at) {
    offset += frame_length(file_->bytes().data() + offset);
  }
  return offset;
}

void SpoolSegment::remove_file() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace weir::traffic
