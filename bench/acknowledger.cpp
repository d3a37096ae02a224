#include "bench/acknowledger.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <zmq.hpp>

#include "ledger.pb.h"

namespace weir::bench {

namespace {

void acknowledge_one(zmq::socket_t& socket) {
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

// Until it is killed.
void acknowledge(const std::string& endpoint) {
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::router);
  socket.bind(endpoint);
  while (true) {
    acknowledge_one(socket);
  }
}

}  // namespace

Acknowledger::Acknowledger(const std::string& endpoint) : child_(::fork()) {
  if (child_ < 0) {
    throw std::runtime_error("cannot fork");
  }
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    acknowledge(endpoint);
    ::_exit(1);
  }
}

Acknowledger::~Acknowledger() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

}  // namespace weir::bench
