// The wire between the simulated workers and the collector, with what ZeroMQ guarantees and no more: one connection keeps
// its order and loses nothing while it lasts; when it breaks, what had not arrived is lost from some point on, and what had
// may be read later than what comes over the next connection. Beyond that it repeats batches, over connections that are gone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "tests/simulation/random.h"

namespace weir::simulation {

class Network {
 public:
  using SocketId = std::uint64_t;
  using ConnectionId = std::uint64_t;
  // A message of a worker, in its two frames.
  struct Parcel {
    ConnectionId connection = 0;
    std::string header;
    std::string events;
  };

  explicit Network(Random& random) : random_(random) {}

  // A worker's end. It is not connected at once.
  SocketId open_socket();
  void close_socket(SocketId socket);
  // False: it is not connected, or too much waits.
  bool send(SocketId socket, std::string header, std::string events);
  bool receive(SocketId socket, std::string& ack);

  // The collector's end. All connections break when it stops.
  void start_listening() { is_listening_ = true; }
  void stop_listening();
  // The next message, of any connection.
  std::optional<Parcel> take();
  void reply(ConnectionId connection, std::string ack);

  // What happens by itself. Each says whether there was anything to do; `all` leaves nothing to chance.
  bool connect_some();
  void connect_all();
  bool break_some();
  bool repeat_some();
  // An acknowledgement arrives: at which socket.
  std::optional<SocketId> bring_ack();
  bool is_silent() const;

 private:
  struct Connection {
    SocketId socket = 0;  // 0: broken
    SocketId was = 0;     // the socket, also when it is broken
    std::deque<Parcel> to_collector;
    std::deque<std::string> to_worker;
  };
  struct Socket {
    ConnectionId connection = 0;  // 0: none
    std::deque<std::string> arrived;
  };

  void connect(SocketId id, Socket& socket);
  void sever(Connection& connection);
  void forget_empty();
  template <class Wanted>
  std::map<ConnectionId, Connection>::iterator some_connection(Wanted is_wanted);

  Random& random_;
  bool is_listening_ = false;
  SocketId next_socket_ = 1;
  ConnectionId next_connection_ = 1;
  std::map<SocketId, Socket> sockets_;
  std::map<ConnectionId, Connection> connections_;
  std::deque<Parcel> past_;  // some that were taken
};

}  // namespace weir::simulation
