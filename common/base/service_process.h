// What a process owes to the one that started it: systemd's protocols for sockets and readiness, and an end when the
// supervisor ends. Called from main, before any thread is started.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"

namespace weir::base {

// The listening sockets passed by LISTEN_FDS and LISTEN_PID (sd_listen_fds(3)); empty when none were. They are made
// close-on-exec, and the variables are removed from the environment.
std::vector<UniqueFd> take_passed_sockets();

// Tells the starter, by NOTIFY_SOCKET (sd_notify(3)), for example "READY=1". Does nothing when nobody listens.
void notify_starter(std::string_view state);

// Asks the kernel for SIGTERM when the supervisor dies, if one started us (WEIR_SUPERVISOR_PID). False when it is
// dead already: the caller exits.
[[nodiscard]] bool follow_supervisor();
// Its pid; 0 when none started us.
std::uint32_t supervisor_pid();

// Raises the soft limit of open files to the hard one; gives the result.
std::size_t raise_open_file_limit();

}  // namespace weir::base
