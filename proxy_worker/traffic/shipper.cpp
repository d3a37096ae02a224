#include "proxy_worker/traffic/shipper.h"

#include <algorithm>
#include <zmq.hpp>

#include "common/base/log.h"
#include "common/ledger/record_frame.h"
#include "ledger.pb.h"

namespace weir::traffic {

namespace {

constexpr std::chrono::milliseconds kBatchDelay{20};
constexpr std::size_t kBatchBytes = 256 * 1024;
// Sent but not acknowledged at most.
constexpr std::uint64_t kWindowEvents = 20'000;
constexpr std::chrono::milliseconds kRetryDelay{100};   // while no collector is connected
constexpr std::chrono::milliseconds kPatienceMin{2'000};  // without an acknowledgement, then everything is sent again
constexpr std::chrono::milliseconds kPatienceMax{30'000};
constexpr int kQueuedBatchesMax = 64;
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
  explicit Socket(const Wire& wire) : context_(1), socket_(context_, zmq::socket_type::dealer) {
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
  bool send(const proto::Batch& header, std::span<const std::byte> events) {
    zmq::message_t first(header.ByteSizeLong());
    header.SerializeToArray(first.data(), static_cast<int>(first.size()));
    try {
      return socket_.send(first, zmq::send_flags::dontwait | zmq::send_flags::sndmore).has_value() &&
             socket_.send(zmq::const_buffer(events.data(), events.size()), zmq::send_flags::dontwait).has_value();
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
  zmq::context_t context_;
  zmq::socket_t socket_;
};

Shipper::Shipper(net::EventLoop& loop, Spool& spool, Wire wire, SpoolSync* sync)
    : loop_(loop), spool_(spool), wire_(std::move(wire)), sync_(sync), patience_(kPatienceMin) {
  if (sync_ != nullptr) {
    sync_->listen(*this);
  }
  socket_ = std::make_unique<Socket>(wire_);
  loop_.watch_level(socket_->fd(), *this, net::EventLoop::Interest::Read);
  if (spool_.has_untaken()) {
    arm(batch_timer_, kBatchDelay);
  }
}

Shipper::~Shipper() { loop_.forget(socket_->fd()); }

void Shipper::arm(net::Timer& timer, std::chrono::milliseconds delay) { loop_.arm(timer, loop_.now() + delay); }

void Shipper::on_appended() {
  if (!batch_timer_.is_armed()) {
    arm(batch_timer_, kBatchDelay);
  } else if (spool_.untaken_bytes() >= kBatchBytes && spool_.taken() - spool_.acknowledged() < kWindowEvents) {
    ship();
  }
}

void Shipper::ship() {
  if (sync_ != nullptr) {
    sync_->request();
  }
  send_what_may_be_sent();
}

void Shipper::on_synced() { send_what_may_be_sent(); }

// The next range, as far as the disk has it.
Spool::Range Shipper::take_range() {
  Spool::Range range = spool_.take(kBatchBytes);
  const std::uint64_t synced = sync_ != nullptr ? sync_->synced_sequence() : UINT64_MAX;
  if (range.count == 0 || range.first_sequence + range.count - 1 <= synced) {
    return range;
  }
  const std::uint64_t count = synced >= range.first_sequence ? synced - range.first_sequence + 1 : 0;
  const std::size_t bytes = ledger::bytes_of_records(range.bytes, count);
  spool_.put_back(range);
  return count > 0 ? spool_.take(bytes) : Spool::Range{};
}

void Shipper::send_what_may_be_sent() {
  proto::Batch header;
  while (spool_.has_untaken() && spool_.taken() - spool_.acknowledged() < kWindowEvents) {
    const std::uint64_t next_sequence = spool_.taken() + 1;
    const Spool::Range range = take_range();
    if (range.count == 0) {
      break;
    }
    header.set_stream_id(spool_.stream_id());
    header.set_first_sequence(range.first_sequence);
    header.set_event_count(static_cast<std::uint32_t>(range.count));
    header.set_oldest_sequence(spool_.oldest_sequence());
    header.set_lost_before(range.first_sequence - next_sequence);
    if (!socket_->send(header, range.bytes)) {
      spool_.put_back(range);
      arm(batch_timer_, kRetryDelay);
      break;
    }
    if (!stall_timer_.is_armed()) {
      arm(stall_timer_, patience_);
    }
  }
  take_acknowledgements();
}

void Shipper::take_acknowledgements() {
  proto::Ack ack;
  while (socket_->receive(ack)) {
    if (ack.stream_id() != spool_.stream_id()) {
      continue;
    }
    if (ack.last_sequence() > spool_.acknowledged()) {
      patience_ = kPatienceMin;
      spool_.acknowledge(ack.last_sequence());
      if (spool_.taken() > spool_.acknowledged()) {
        arm(stall_timer_, patience_);
      } else {
        loop_.disarm(stall_timer_);
      }
    }
    if (ack.resend()) {
      spool_.rewind();
    }
  }
  if (spool_.has_untaken() && !batch_timer_.is_armed()) {
    arm(batch_timer_, kBatchDelay);
  }
  if (observer_ != nullptr) {
    observer_->on_spool_changed();
  }
}

void Shipper::start_again() {
  // A new socket: what waits in the old one's queues must not arrive between what is sent again.
  loop_.forget(socket_->fd());
  socket_.reset();
  socket_ = std::make_unique<Socket>(wire_);
  loop_.watch_level(socket_->fd(), *this, net::EventLoop::Interest::Read);
  spool_.rewind();
  patience_ = std::min(patience_ * 2, kPatienceMax);
  arm(batch_timer_, kRetryDelay);
}

void Shipper::on_io(net::Readiness) { take_acknowledgements(); }

void Shipper::on_timer(net::Timer& timer) {
  if (&timer == &batch_timer_) {
    ship();
  } else if (spool_.taken() > spool_.acknowledged()) {
    start_again();
  }
}

}  // namespace weir::traffic
