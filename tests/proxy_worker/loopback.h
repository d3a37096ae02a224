// TCP sockets on loopback for tests: listeners, connected pairs, and the plain far end of a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/ip_address.h"
#include "common/base/unique_fd.h"

namespace weir::tests {

struct Listener {
  base::UniqueFd fd;
  base::SocketAddress address;

  // A connection that waits in its queue, or a closed descriptor.
  base::UniqueFd accept() const;
};
// On a port of its own. `address`: an address of this host's loopback.
Listener listen_on_loopback(const std::string& address = "127.0.0.1");

// Both non-blocking. `near` is for the code under test, `far` is the other side.
struct ConnectedPair {
  base::UniqueFd near;
  base::UniqueFd far;
};
enum class Buffers { Usual, Small };
ConnectedPair connect_pair(Buffers buffers = Buffers::Usual);

// A port of 127.0.0.1 that nobody listens on. Holds it, so that nobody else gets it meanwhile.
struct UnusedPort {
  base::UniqueFd holder;
  std::uint16_t port = 0;
};
UnusedPort unused_port();

// What the far end of a connection has received so far; `end` when nothing more will come, `reset` when it was torn.
struct Received {
  std::string bytes;
  bool end = false;
  bool reset = false;
};
// Reads what there is now and adds it, at most `bytes_max`.
void receive_some(int fd, Received& received, std::size_t bytes_max = SIZE_MAX);
// Sends all of it; the other side must have room for it.
void send_all(int fd, std::string_view bytes);

}  // namespace weir::tests
