#include "collector/batch.h"

#include <algorithm>

#include "common/ledger/record_frame.h"
#include "ledger.pb.h"

namespace weir::collector {

namespace {

// SQLite's integers end there.
constexpr std::uint64_t kSequenceMax = INT64_MAX;

bool is_stream_id(std::string_view id) {
  return !id.empty() && id.size() <= kStreamIdBytesMax && std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

bool is_sequence_usable(const proto::Batch& header) {
  if (header.event_count() == 0) {
    return header.oldest_sequence() <= kSequenceMax && header.lost_before() == 0;
  }
  return header.first_sequence() > 0 && header.first_sequence() <= kSequenceMax - header.event_count() &&
         header.oldest_sequence() <= header.first_sequence() && header.lost_before() < header.first_sequence();
}

bool read_events(std::string_view frame, std::uint64_t first_sequence, std::size_t count,
                 std::vector<std::span<const std::byte>>& events) {
  auto rest = std::as_bytes(std::span(frame));
  events.reserve(std::min(count, kBatchEventsMax));
  while (!rest.empty()) {
    const auto payload = ledger::read_record(rest, first_sequence + events.size());
    if (!payload || events.size() == count) {
      return false;
    }
    events.push_back(*payload);
    rest = rest.subspan(ledger::framed_bytes(payload->size()));
  }
  return events.size() == count;
}

}  // namespace

std::optional<Batch> read_batch(std::string_view header_frame, std::string_view events_frame, std::string& error) {
  proto::Batch header;
  if (!header.ParseFromArray(header_frame.data(), static_cast<int>(header_frame.size()))) {
    error = "the header is not a Batch";
    return std::nullopt;
  }
  if (!is_stream_id(header.stream_id())) {
    error = "no usable stream_id";
    return std::nullopt;
  }
  const std::string of_stream = " of stream " + header.stream_id();
  if (header.event_count() > kBatchEventsMax || !is_sequence_usable(header)) {
    error = "impossible event_count, first_sequence, oldest_sequence or lost_before" + of_stream;
    return std::nullopt;
  }
  Batch batch{header.stream_id(), header.first_sequence(), header.oldest_sequence(), header.lost_before(), {}};
  if (events_frame.size() > ledger::kBatchBytesMax) {
    error = "too large a batch" + of_stream;
    return std::nullopt;
  }
  if (!read_events(events_frame, header.first_sequence(), header.event_count(), batch.events)) {
    error = "event " + std::to_string(batch.first_sequence + batch.events.size()) + of_stream +
            " is damaged, or there are more or fewer than " + std::to_string(header.event_count());
    return std::nullopt;
  }
  return batch;
}

std::string ack_frame(const Reply& reply) {
  proto::Ack ack;
  ack.set_stream_id(reply.stream_id);
  ack.set_last_sequence(reply.last_sequence);
  ack.set_resend(reply.resend);
  return ack.SerializeAsString();
}

}  // namespace weir::collector
