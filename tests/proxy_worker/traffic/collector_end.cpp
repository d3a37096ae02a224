#include "tests/proxy_worker/traffic/collector_end.h"

#include <gtest/gtest.h>

#include <span>
#include <zmq.hpp>

#include "common/ledger/record_frame.h"

namespace weir::tests {

struct CollectorEnd::Socket {
  zmq::context_t context{1};
  zmq::socket_t router{context, zmq::socket_type::router};
};

CollectorEnd::CollectorEnd(const std::string& endpoint) : socket_(std::make_unique<Socket>()) {
  socket_->router.set(zmq::sockopt::linger, 0);
  socket_->router.bind(endpoint);
}

CollectorEnd::~CollectorEnd() = default;

std::optional<ReceivedBatch> CollectorEnd::receive() {
  std::vector<zmq::message_t> frames;
  do {
    frames.emplace_back();
    if (!socket_->router.recv(frames.back(), zmq::recv_flags::dontwait)) {
      EXPECT_EQ(frames.size(), 1u);
      return std::nullopt;
    }
  } while (frames.back().more());
  if (frames.size() != 3) {
    ADD_FAILURE() << "a batch of " << frames.size() << " frames";
    return std::nullopt;
  }
  ReceivedBatch batch;
  batch.sender = frames[0].to_string();
  EXPECT_TRUE(batch.header.ParseFromArray(frames[1].data(), static_cast<int>(frames[1].size())));
  std::span events(static_cast<const std::byte*>(frames[2].data()), frames[2].size());
  while (const auto payload = ledger::read_record(events, batch.header.first_sequence() + batch.payloads.size())) {
    batch.payloads.emplace_back(reinterpret_cast<const char*>(payload->data()), payload->size());
    events = events.subspan(ledger::framed_bytes(payload->size()));
  }
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(batch.payloads.size(), batch.header.event_count());
  return batch;
}

void CollectorEnd::acknowledge(const ReceivedBatch& batch, std::uint64_t last_sequence, bool resend) {
  proto::Ack ack;
  ack.set_stream_id(batch.header.stream_id());
  ack.set_last_sequence(last_sequence);
  ack.set_resend(resend);
  send(batch.sender, ack.SerializeAsString());
}

void CollectorEnd::send(const std::string& receiver, const std::string& bytes) {
  (void)socket_->router.send(zmq::buffer(receiver), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
  (void)socket_->router.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
}

}  // namespace weir::tests
