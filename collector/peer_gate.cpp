#include "collector/peer_gate.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "common/base/ip_address.h"
#include "common/base/log.h"

namespace weir::collector {

namespace {

constexpr const char* kQuestionsAddress = "inproc://zeromq.zap.01";
constexpr const char* kEventsAddress = "inproc://collector.peers";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyFrame = 6;  // of a ZAP request: version, id, domain, address, identity, mechanism, credentials
constexpr int kEventsWaitingMax = 100'000;

std::string octets(const zmq::message_t& message) { return {static_cast<const char*>(message.data()), message.size()}; }

std::string decoded(const std::string& key) {
  std::string bytes(kKeyBytes, '\0');
  return ::zmq_z85_decode(reinterpret_cast<std::uint8_t*>(bytes.data()), key.c_str()) != nullptr ? bytes : std::string();
}

std::string encoded(const std::string& bytes) {
  std::array<char, kKeyBytes * 5 / 4 + 1> text{};
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return bytes.size() == kKeyBytes && ::zmq_z85_encode(text.data(), data, bytes.size()) != nullptr ? text.data() : "of another kind";
}

std::vector<std::string> receive_all_frames(zmq::socket_t& socket) {
  std::vector<std::string> frames;
  zmq::message_t frame;
  do {
    if (!socket.recv(frame, zmq::recv_flags::dontwait)) {
      return {};
    }
    frames.push_back(octets(frame));
  } while (frame.more());
  return frames;
}

// Who is at the other end of a descriptor, while it is open.
std::string peer_address(int fd) {
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&native), &length) != 0) {
    return "a peer that is gone";
  }
  const auto* bytes = reinterpret_cast<const char*>(&native);
  if (native.ss_family == AF_INET) {
    return base::IpAddress::from_octets({bytes + offsetof(sockaddr_in, sin_addr), 4})->to_string();
  }
  if (native.ss_family == AF_INET6) {
    return base::IpAddress::from_octets({bytes + offsetof(sockaddr_in6, sin6_addr), 16})->to_string();
  }
  return "a process of this machine";
}

}  // namespace

PeerGate::PeerGate(zmq::context_t& context, zmq::socket_t& router, const std::optional<ledger::CollectorKeys>& keys) : router_(router) {
  if (keys) {
    questions_ = zmq::socket_t(context, zmq::socket_type::rep);
    questions_.set(zmq::sockopt::linger, 0);
    questions_.bind(kQuestionsAddress);
    for (const std::string& key : keys->allowed_workers) {
      allowed_.insert(decoded(key));
    }
    router_.set(zmq::sockopt::zap_domain, "weir");
    router_.set(zmq::sockopt::curve_server, true);
    router_.set(zmq::sockopt::curve_secretkey, keys->own.secret_key);
  }
  constexpr int kEvents = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                          ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  if (::zmq_socket_monitor(router_.handle(), kEventsAddress, kEvents) != 0) {
    throw zmq::error_t();
  }
  events_ = zmq::socket_t(context, zmq::socket_type::pair);
  events_.set(zmq::sockopt::linger, 0);
  events_.set(zmq::sockopt::rcvhwm, kEventsWaitingMax);
  events_.connect(kEventsAddress);
}

// Before the events' socket closes: ZeroMQ's thread would wait for a reader.
PeerGate::~PeerGate() { (void)::zmq_socket_monitor(router_.handle(), nullptr, 0); }

std::array<zmq::pollitem_t, 2> PeerGate::poll_items() {
  zmq::socket_t& second = questions_ ? questions_ : events_;
  return {{{events_.handle(), 0, ZMQ_POLLIN, 0}, {second.handle(), 0, ZMQ_POLLIN, 0}}};
}

void PeerGate::handle() {
  try {
    if (questions_) {
      answer_about_keys();
    }
    take_events();
  } catch (const zmq::error_t& failed) {
    base::log_debug(std::string("peers: ") + failed.what());
  }
}

void PeerGate::answer_about_keys() {
  for (auto request = receive_all_frames(questions_); !request.empty(); request = receive_all_frames(questions_)) {
    const bool is_known = request.size() == kKeyFrame + 1 && allowed_.contains(request[kKeyFrame]);
    if (!is_known) {
      reason_ = "has the key " + encoded(request.size() > kKeyFrame ? request[kKeyFrame] : std::string()) + ", which allowed-workers does not name";
    }
    const std::array<std::string, 6> answer{request[0], request.size() > 1 ? request[1] : "", is_known ? "200" : "400",
                                            is_known ? "" : "unknown key", "", ""};
    for (std::size_t index = 0; index < answer.size(); ++index) {
      const bool is_last = index + 1 == answer.size();
      (void)questions_.send(zmq::buffer(answer[index]), is_last ? zmq::send_flags::dontwait : zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    }
  }
}

void PeerGate::take_events() {
  for (auto frames = receive_all_frames(events_); !frames.empty(); frames = receive_all_frames(events_)) {
    std::uint16_t event = 0;
    std::int32_t value = 0;
    if (frames[0].size() == sizeof event + sizeof value) {
      std::memcpy(&event, frames[0].data(), sizeof event);
      std::memcpy(&value, frames[0].data() + sizeof event, sizeof value);
      take_event(event, value);
    }
  }
}

// ZeroMQ does not say whose handshake has succeeded or failed: the one that waits for longest is taken for it. Only the
// address in the log can be wrong by that, not the count.
void PeerGate::take_event(std::uint16_t event, std::int32_t value) {
  switch (event) {
    case ZMQ_EVENT_ACCEPTED:
      newcomers_.push_back({value, peer_address(value)});
      break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      if (!newcomers_.empty()) {
        newcomers_.erase(newcomers_.begin());
      }
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      reason_ = "does not speak the workers' protocol, or has no key";
      break;
    case ZMQ_EVENT_DISCONNECTED:
      if (const auto newcomer = std::find_if(newcomers_.begin(), newcomers_.end(), [value](const Newcomer& one) { return one.fd == value; });
          newcomer != newcomers_.end()) {
        refuse(newcomer->address + " " + (reason_.empty() ? "did not become a worker" : reason_));
        newcomers_.erase(newcomer);
        reason_.clear();
      }
      break;
    default:
      break;  // a failure without words: the end of the connection follows
  }
}

void PeerGate::refuse(std::string why) {
  ++refused_peers_;
  last_refusal_ = std::move(why);
}

}  // namespace weir::collector
