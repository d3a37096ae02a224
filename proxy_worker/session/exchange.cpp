#include "proxy_worker/session/exchange.h"

namespace weir::session {

namespace {

// Reads of each direction in one go; then other connections get their turn.
constexpr int kReadsPerTurn = 8;

using ReadResult = net::Stream::ReadResult;

}  // namespace

void Exchange::start(http1::BodyFraming request_framing) {
  request_.start(request_framing);
  response_.start();
  early_tunnel_bytes_ = 0;
  origin_has_surplus_ = false;
  has_moved_ = false;
}

Exchange::Status Exchange::pump(const Sides& sides, Transaction& transaction, ResponseRelay::Conditions conditions) {
  has_moved_ = false;
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    is_idle_turn_ = true;
    if (const Status status = move_request(sides); status != Status::Waiting) {
      return status;
    }
    conditions.request_is_complete = request_.is_complete();
    if (const Status status = move_response(sides, transaction, conditions); status != Status::Waiting) {
      return status;
    }
    if (is_idle_turn_) {
      return conclude(sides);
    }
    has_moved_ = true;
  }
  return Status::Unfinished;
}

Exchange::Status Exchange::move_request(const Sides& sides) {
  // What else the client sends after its request is the next one, and stays where it is.
  if (request_.is_complete() || !sides.client.may_read() || is_congested(sides.origin)) {
    return Status::Waiting;
  }
  std::size_t bytes = 0;
  switch (sides.client.read(sides.buffer, bytes)) {
    case ReadResult::Bytes: {
      const std::size_t used = request_.feed(sides.buffer.first(bytes), sides.origin);
      sides.client_surplus.append(sides.buffer.data() + used, bytes - used);
      is_idle_turn_ = false;
      return request_.state() == RequestRelay::State::Malformed ? Status::RequestMalformed : Status::Waiting;
    }
    case ReadResult::WouldBlock:
      return Status::Waiting;
    case ReadResult::End:
    case ReadResult::Failed:
      return Status::ClientLost;
  }
  return Status::Waiting;
}

Exchange::Status Exchange::move_response(const Sides& sides, Transaction& transaction, const ResponseRelay::Conditions& conditions) {
  const auto state = response_.state();
  const bool expects_more = state == ResponseRelay::State::AwaitingHead || state == ResponseRelay::State::Body;
  if (!expects_more || !sides.origin.may_read() || is_congested(sides.client)) {
    return Status::Waiting;
  }
  std::size_t bytes = 0;
  switch (sides.origin.read(sides.buffer, bytes)) {
    case ReadResult::Bytes:
      is_idle_turn_ = false;
      return take_response(sides.buffer.first(bytes), sides, transaction, conditions);
    case ReadResult::WouldBlock:
      return Status::Waiting;
    case ReadResult::End:
      is_idle_turn_ = false;
      response_.finish(sides.client);
      return response_.state() == ResponseRelay::State::Complete ? Status::Waiting : Status::OriginLost;
    case ReadResult::Failed:
      return Status::OriginLost;
  }
  return Status::Waiting;
}

Exchange::Status Exchange::take_response(std::span<char> bytes, const Sides& sides, Transaction& transaction,
                                         const ResponseRelay::Conditions& conditions) {
  const std::size_t used = response_.feed(bytes, sides.client, transaction, conditions, sides.scratch);
  const std::span<char> rest = bytes.subspan(used);
  switch (response_.state()) {
    case ResponseRelay::State::AwaitingHead:
    case ResponseRelay::State::Body:
      return Status::Waiting;
    case ResponseRelay::State::Complete:
      origin_has_surplus_ = !rest.empty();
      return Status::Waiting;
    case ResponseRelay::State::Switched:
      early_tunnel_bytes_ = rest.size();
      sides.client.write({std::string_view(rest.data(), rest.size())});
      return Status::Switched;
    case ResponseRelay::State::Malformed:
      return Status::OriginMalformed;
  }
  return Status::Waiting;
}

Exchange::Status Exchange::conclude(const Sides& sides) const {
  if (response_.state() == ResponseRelay::State::Complete && sides.client.is_flushed() && !sides.client.has_lost_output()) {
    return Status::Complete;
  }
  return sides.client.has_failed() ? Status::ClientLost : Status::Waiting;
}

}  // namespace weir::session
