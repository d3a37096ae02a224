// The collector's end of the wire: a ZeroMQ ROUTER socket. With PeerGate and key_files.cpp all of the collector that knows
// ZeroMQ. One thread; libzmq has its own for input and output.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collector/batch.h"
#include "common/ledger/curve_keys.h"

namespace weir::collector {

class Receiver {
 public:
  struct Ready {
    bool has_message = false;
    bool has_signal = false;
  };
  enum class Listening { ToAll, ToSignalsOnly };

  // One message. The frames stay valid until the next receive().
  struct Message {
    std::string routing_id;
    std::string_view header;
    std::string_view events;
    bool is_well_formed = false;  // two frames, neither too large
  };

  // Binds, for example, "ipc:///path". With keys, nothing is accepted but from workers that they allow. Null with
  // `error` when that failed.
  static std::unique_ptr<Receiver> bind(const std::string& address, const std::optional<ledger::CollectorKeys>& keys, std::string& error);
  ~Receiver();

  // Waits for a message, for `signal_fd` to become readable, or for the time to pass.
  Ready wait(int signal_fd, std::chrono::milliseconds patience, Listening listening);
  // A message that has arrived, if one has. Does not wait.
  std::optional<Message> receive();
  // Sends an Ack. One that cannot be sent is dropped: the worker is gone, or will hear with the next.
  void reply(const Reply& reply);

  // Connections that were refused or never became a worker's, and who the last one was.
  std::uint64_t refused_peers() const;
  const std::string& last_refusal() const;

 private:
  struct Socket;
  explicit Receiver(std::unique_ptr<Socket> socket);

  std::unique_ptr<Socket> socket_;
};

}  // namespace weir::collector
