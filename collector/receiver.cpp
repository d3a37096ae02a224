#include "collector/receiver.h"

#include <array>
#include <utility>
#include <zmq.hpp>

#include "collector/peer_gate.h"
#include "common/base/log.h"
#include "common/ledger/record_frame.h"

namespace weir::collector {

namespace {

// Batches that may wait in memory; beyond it the workers' own queues fill, and then their spools on disk.
constexpr int kBatchesWaitingMax = 8;
constexpr int kRepliesWaitingMax = 1000;
constexpr int kLingerMs = 500;
// Who connects and says nothing.
constexpr int kHandshakeMs = 10'000;
// Workers that have vanished without an end of their connection (a machine that lost power).
constexpr int kHeartbeatMs = 60'000;
constexpr std::int64_t kFrameBytesMax = static_cast<std::int64_t>(ledger::kBatchBytesMax) + 4096;
constexpr std::size_t kFrames = 3;  // routing id, header, events

std::string_view octets(const zmq::message_t& message) { return {static_cast<const char*>(message.data()), message.size()}; }

}  // namespace

struct Receiver::Socket {
  zmq::context_t context{1};
  zmq::socket_t router{context, zmq::socket_type::router};
  PeerGate gate;
  std::array<zmq::message_t, kFrames> frames;

  explicit Socket(const std::optional<ledger::CollectorKeys>& keys) : gate(context, router, keys) {}
};

Receiver::Receiver(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}
Receiver::~Receiver() = default;

std::unique_ptr<Receiver> Receiver::bind(const std::string& address, const std::optional<ledger::CollectorKeys>& keys, std::string& error) {
  try {
    auto socket = std::make_unique<Socket>(keys);
    zmq::socket_t& router = socket->router;
    router.set(zmq::sockopt::rcvhwm, kBatchesWaitingMax);
    router.set(zmq::sockopt::sndhwm, kRepliesWaitingMax);
    router.set(zmq::sockopt::maxmsgsize, kFrameBytesMax);
    router.set(zmq::sockopt::linger, kLingerMs);
    router.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
    router.set(zmq::sockopt::heartbeat_ivl, kHeartbeatMs);
    router.set(zmq::sockopt::ipv6, true);
    // Failures to send are told instead of hidden; a worker that reconnects under its name takes it over.
    router.set(zmq::sockopt::router_mandatory, 1);
    router.set(zmq::sockopt::router_handover, 1);
    router.bind(address);
    return std::unique_ptr<Receiver>(new Receiver(std::move(socket)));
  } catch (const zmq::error_t& failed) {
    error = address + ": cannot listen: " + failed.what();
    return nullptr;
  }
}

Receiver::Ready Receiver::wait(int signal_fd, std::chrono::milliseconds patience, Listening listening) {
  const auto [events, questions] = socket_->gate.poll_items();
  std::array<zmq::pollitem_t, 4> items{
      {{nullptr, signal_fd, ZMQ_POLLIN, 0}, events, questions, {socket_->router.handle(), 0, ZMQ_POLLIN, 0}}};
  try {
    zmq::poll(items.data(), listening == Listening::ToAll ? items.size() : items.size() - 1, patience);
    socket_->gate.handle();
  } catch (const zmq::error_t& failed) {
    // An interruption only; the caller looks at its clock and comes again.
    base::log_debug(std::string("poll: ") + failed.what());
  }
  return {(items[3].revents & ZMQ_POLLIN) != 0, (items[0].revents & ZMQ_POLLIN) != 0};
}

std::optional<Receiver::Message> Receiver::receive() {
  try {
    std::size_t count = 0;
    bool has_more = true;
    while (has_more) {
      zmq::message_t surplus;
      zmq::message_t& frame = count < kFrames ? socket_->frames[count] : surplus;
      if (!socket_->router.recv(frame, zmq::recv_flags::dontwait)) {
        return std::nullopt;  // only before the first frame: the parts of a message arrive together
      }
      has_more = frame.more();
      ++count;
    }
    Message message{std::string(octets(socket_->frames[0])), {}, {}, count == kFrames};
    if (message.is_well_formed) {
      message.header = octets(socket_->frames[1]);
      message.events = octets(socket_->frames[2]);
    }
    return message;
  } catch (const zmq::error_t& failed) {
    base::log_debug(std::string("receive: ") + failed.what());
    return std::nullopt;
  }
}

void Receiver::reply(const Reply& reply) {
  try {
    (void)socket_->router.send(zmq::buffer(reply.routing_id), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    (void)socket_->router.send(zmq::buffer(ack_frame(reply)), zmq::send_flags::dontwait);
  } catch (const zmq::error_t& failed) {
    base::log_debug("acknowledge " + reply.stream_id + ": " + failed.what());
  }
}

std::uint64_t Receiver::refused_peers() const { return socket_->gate.refused_peers(); }

const std::string& Receiver::last_refusal() const { return socket_->gate.last_refusal(); }

}  // namespace weir::collector
