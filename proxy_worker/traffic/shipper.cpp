#include "proxy_worker/traffic/shipper.h"

#include <zmq.hpp>

#include "common/base/log.h"
#include "ledger.pb.h"

namespace weir::traffic {

namespace {

constexpr int kQueuedBatchesMax = 8;
constexpr int kAcksMax = 1'000;
constexpr std::int64_t kAckBytesMax = 4'096;
constexpr int kReconnectMs = 100;
constexpr int kReconnectMsMax = 1'000;
// A collector that has vanished; one that does not answer is noticed by the patience above.
constexpr int kHeartbeatMs = 60'000;

}  // namespace

// The only place that knows zmq.hpp in the worker.
class Shipper::Socket {
 public:
  explicit Socket(const traffic::Wire& wire) : context_(1), socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::immediate, true);
    socket_.set(zmq::sockopt::sndhwm, kQueuedBatchesMax);
    socket_.set(zmq::sockopt::rcvhwm, kAcksMax);
    socket_.set(zmq::sockopt::maxmsgsize, kAckBytesMax);
    socket_.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
    socket_.set(zmq::sockopt::reconnect_ivl_max, kReconnectMsMax);
    socket_.set(zmq::sockopt::heartbeat_ivl, kHeartbeatMs);
    socket_.set(zmq::sockopt::ipv6, true);
    if (wire.keys) {
      socket_.set(zmq::sockopt::curve_publickey, wire.keys->own.public_key);
      socket_.set(zmq::sockopt::curve_secretkey, wire.keys->own.secret_key);
      socket_.set(zmq::sockopt::curve_serverkey, wire.keys->collector);
    }
    socket_.connect(wire.endpoint);
  }

  int fd() { return socket_.get(zmq::sockopt::fd); }

  // False: nobody takes it now.
  bool send(const proto::Batch& header, const Spool::Range& events) {
    zmq::message_t first(header.ByteSizeLong());
    header.SerializeToArray(first.data(), static_cast<int>(first.size()));
    try {
      zmq::message_t second = message_of(events);
      return socket_.send(first, zmq::send_flags::dontwait | zmq::send_flags::sndmore).has_value() &&
             socket_.send(second, zmq::send_flags::dontwait).has_value();
    } catch (const zmq::error_t& failure) {
      base::log_warning(std::string("cannot send to the collector: ") + failure.what());
      return false;
    }
  }

  bool receive(proto::Ack& ack) {
    zmq::message_t message;
    try {
      while (socket_.recv(message, zmq::recv_flags::dontwait)) {
        if (!message.more() && ack.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
          return true;
        }
      }
    } catch (const zmq::error_t& failure) {
      base::log_warning(std::string("cannot receive from the collector: ") + failure.what());
    }
    return false;
  }

 private:
  // Of the spool's own memory, which it holds until libzmq's thread has sent it.
  static zmq::message_t message_of(const Spool::Range& events) {
    if (events.count == 0) {
      return zmq::message_t();
    }
    using Memory = std::shared_ptr<const void>;
    auto memory = std::make_unique<Memory>(events.memory);
    const auto release = [](void*, void* held) { delete static_cast<Memory*>(held); };
    zmq::message_t message(const_cast<std::byte*>(events.bytes.data()), events.bytes.size(), release, memory.get());
    (void)memory.release();
    return message;
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
};

Shipper::Shipper(net::EventLoop& loop, Spool& spool, traffic::Wire wire, SpoolSync* sync)
    : loop_(loop), way_(std::move(wire)), sender_(spool, *this, sync, loop.now()) {
  if (sync != nullptr) {
    sync->listen(*this);
  }
  connect();
  follow_sender();
}

Shipper::~Shipper() { loop_.forget(socket_->fd()); }

void Shipper::connect() {
  socket_ = std::make_unique<Socket>(way_);
  loop_.watch_level(socket_->fd(), *this, net::EventLoop::Interest::Read);
}

void Shipper::connect_anew() {
  loop_.forget(socket_->fd());
  socket_.reset();
  connect();
}

bool Shipper::send(const proto::Batch& header, const Spool::Range& events) { return socket_->send(header, events); }

bool Shipper::receive(proto::Ack& ack) { return socket_->receive(ack); }

void Shipper::on_appended() {
  sender_.on_appended(loop_.now());
  follow_sender();
}

void Shipper::ship() {
  sender_.ship(loop_.now());
  tell_observer();
  follow_sender();
}

void Shipper::ask() {
  sender_.ask(loop_.now());
  follow_sender();
}

void Shipper::on_synced() {
  sender_.on_synced(loop_.now());
  tell_observer();
  follow_sender();
}

void Shipper::on_io(net::Readiness) {
  sender_.take_acknowledgements(loop_.now());
  tell_observer();
  follow_sender();
}

void Shipper::on_timer(net::Timer&) {
  sender_.on_time(loop_.now());
  tell_observer();
  follow_sender();
}

void Shipper::tell_observer() {
  if (observer_ != nullptr) {
    observer_->on_spool_changed();
  }
}

// Its wishes change rarely, compared with how often it is called.
void Shipper::follow_sender() {
  const auto wake_at = sender_.wake_at();
  if (!wake_at) {
    loop_.disarm(timer_);
  } else if (!timer_.is_armed() || *wake_at != armed_for_) {
    armed_for_ = *wake_at;
    loop_.arm(timer_, armed_for_);
  }
}

}  // namespace weir::traffic
