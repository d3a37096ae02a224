#include "proxy_worker/session/tunnel.h"

#include "proxy_worker/session/request_relay.h"

namespace weir::session {

namespace {

// Reads of one direction in one go; then other connections get their turn.
constexpr int kReadsPerTurn = 8;

}  // namespace

void Tunnel::count_early(std::uint64_t client_to_origin, std::uint64_t origin_to_client) {
  client_to_origin_bytes_ += client_to_origin;
  origin_to_client_bytes_ += origin_to_client;
}

void Tunnel::end_client_to_origin(net::Stream& origin) {
  client_to_origin_ = Direction::Ended;
  origin.finish_writing();
}

// True when there is more to move.
bool Tunnel::pump_direction(Direction& direction, net::Stream& from, net::Stream& to, std::span<char> buffer, std::uint64_t& bytes,
                            tls::ClientHelloReader* hello) {
  for (int reads = 0; direction == Direction::Open && from.may_read() && !is_congested(to); ++reads) {
    if (reads == kReadsPerTurn) {
      return true;
    }
    std::size_t count = 0;
    switch (from.read(buffer, count)) {
      case net::Stream::ReadResult::Bytes:
        bytes += count;
        has_moved_ = true;
        if (hello != nullptr && hello->result() == tls::ClientHelloReader::Result::NeedsMore) {
          (void)hello->take({buffer.data(), count});
        }
        to.write({std::string_view(buffer.data(), count)});
        break;
      case net::Stream::ReadResult::WouldBlock:
        break;
      case net::Stream::ReadResult::End:
        direction = Direction::Ended;
        to.finish_writing();
        break;
      case net::Stream::ReadResult::Failed:
        direction = Direction::Reset;
        break;
    }
  }
  if (direction == Direction::Open && to.has_failed() && !to.may_read()) {
    direction = Direction::Ended;  // Nobody takes it any more.
  }
  return false;
}

Tunnel::Result Tunnel::pump(net::Stream& client, net::Stream& origin, std::span<char> buffer, tls::ClientHelloReader* hello) {
  has_moved_ = false;
  const bool more_out = pump_direction(client_to_origin_, client, origin, buffer, client_to_origin_bytes_, hello);
  const bool more_back = pump_direction(origin_to_client_, origin, client, buffer, origin_to_client_bytes_, nullptr);
  if (more_out || more_back) {
    return Result::Unfinished;
  }
  if (client_to_origin_ == Direction::Reset) {
    return origin.is_flushed() ? Result::Ended : Result::Waiting;
  }
  if (origin_to_client_ == Direction::Reset) {
    return client.is_flushed() ? Result::Ended : Result::Waiting;
  }
  const bool both_ended = client_to_origin_ == Direction::Ended && origin_to_client_ == Direction::Ended;
  return both_ended && client.is_flushed() && origin.is_flushed() ? Result::Ended : Result::Waiting;
}

}  // namespace weir::session
