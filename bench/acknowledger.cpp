#include "bench/acknowledger.h"

#include <atomic>
#include <thread>
#include <zmq.hpp>

#include "ledger.pb.h"

namespace weir::bench {

namespace {

constexpr int kPatienceMs = 50;

}  // namespace

struct Acknowledger::Thread {
  explicit Thread(const std::string& endpoint) : socket(context, zmq::socket_type::router) {
    socket.set(zmq::sockopt::rcvtimeo, kPatienceMs);
    socket.set(zmq::sockopt::linger, 0);
    socket.bind(endpoint);
    runner = std::thread([this] {
      while (!is_ending.load()) {
        acknowledge_one();
      }
    });
  }
  ~Thread() {
    is_ending.store(true);
    runner.join();
  }

  void acknowledge_one() {
    zmq::message_t sender;
    zmq::message_t header;
    zmq::message_t events;
    if (!socket.recv(sender) || !sender.more() || !socket.recv(header) || !header.more() || !socket.recv(events)) {
      return;
    }
    proto::Batch batch;
    batch.ParseFromArray(header.data(), static_cast<int>(header.size()));
    proto::Ack ack;
    ack.set_stream_id(batch.stream_id());
    ack.set_last_sequence(batch.first_sequence() + batch.event_count() - 1);
    socket.send(sender, zmq::send_flags::sndmore);
    socket.send(zmq::buffer(ack.SerializeAsString()), zmq::send_flags::none);
  }

  zmq::context_t context;
  zmq::socket_t socket;
  std::atomic<bool> is_ending = false;
  std::thread runner;
};

Acknowledger::Acknowledger(const std::string& endpoint) : thread_(std::make_unique<Thread>(endpoint)) {}
Acknowledger::~Acknowledger() = default;

}  // namespace weir::bench
