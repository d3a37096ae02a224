// System calls on sockets, with their outcomes as values. Nothing here blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/ip_address.h"
#include "common/base/unique_fd.h"

struct iovec;

namespace weir::net {

// Outcome of one read or write.
struct IoResult {
  enum class Kind : std::uint8_t { Progress, WouldBlock, End, Failed };
  Kind kind = Kind::WouldBlock;
  std::size_t bytes = 0;  // Progress
  int error = 0;          // Failed: errno
};

IoResult read_socket(int fd, std::span<char> into);
IoResult write_socket(int fd, std::span<const iovec> parts);

// A listening TCP socket with SO_REUSEPORT. On failure `error` says what.
base::UniqueFd listen_on(const base::SocketAddress& address, std::string& error);
// A new connection, or a closed descriptor with `error` 0 when none waits, else errno.
base::UniqueFd accept_connection(int listener, base::SocketAddress& client, int& error);

// Begins to connect. Closed with `error` set when it failed at once.
base::UniqueFd start_connect(const base::SocketAddress& to, int& error);
// errno of a connection attempt that has ended, 0 when it succeeded.
int connect_outcome(int fd);

std::optional<base::SocketAddress> local_address(int fd);
// Whether an interface of this machine has the address at this moment. Asks the kernel: some microseconds for each interface.
bool is_of_this_machine(const base::IpAddress& address);

// Whether the other side has closed or sent anything: a kept connection that did is of no use.
bool is_silent_and_open(int fd);
// Whether octets wait to be read, before an end or without one.
bool has_unread_octets(int fd);

void shutdown_write(int fd);
// The next close sends a reset instead of an orderly end.
void reset_on_close(int fd);

}  // namespace weir::net
