// Who may connect to the collector: answers ZeroMQ's questions about keys (ZAP, ZeroMQ RFC 27) and counts the
// connections that never became a worker's. Part of the Receiver, which alone includes this; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/ledger/curve_keys.h"

namespace weir::collector {

class PeerGate {
 public:
  // Before `router` is bound; it outlives the gate. With keys only their owners come in; without, everyone who reaches
  // the socket. Throws zmq::error_t.
  PeerGate(zmq::context_t& context, zmq::socket_t& router, const std::optional<ledger::CollectorKeys>& keys);
  ~PeerGate();
  PeerGate(const PeerGate&) = delete;
  PeerGate& operator=(const PeerGate&) = delete;

  // What to poll for handle().
  std::array<zmq::pollitem_t, 2> poll_items();
  // Deals with all that has happened; does not wait.
  void handle();

  // Connections that were refused or that ended before they were a worker's.
  std::uint64_t refused_peers() const { return refused_peers_; }
  // Who was the last of them, and why, in words for the log.
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  void answer_about_keys();
  void take_events();
  void take_event(std::uint16_t event, std::int32_t value);
  void refuse(std::string why);

  zmq::socket_t& router_;
  zmq::socket_t questions_;  // ZAP; not open without keys
  zmq::socket_t events_;     // of the router
  std::set<std::string> allowed_;  // public keys, 32 octets each
  struct Newcomer {
    std::int32_t fd = -1;
    std::string address;
  };
  std::vector<Newcomer> newcomers_;  // connections whose handshake is not over, in the order of their coming
  std::string reason_;  // why the next one that ends has failed, if that was said
  std::uint64_t refused_peers_ = 0;
  std::string last_refusal_;
};

}  // namespace weir::collector
