#include "common/base/service_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "common/base/quantity.h"

namespace weir::base {

namespace {

constexpr int kFirstPassedFd = 3;
constexpr std::uint64_t kPassedFdsMax = 1024;

std::optional<std::uint64_t> environment_number(const char* name) {
  const char* text = std::getenv(name);
  return text != nullptr ? parse_decimal(text) : std::nullopt;
}

}  // namespace

std::vector<UniqueFd> take_passed_sockets() {
  std::vector<UniqueFd> sockets;
  const auto count = environment_number("LISTEN_FDS");
  const auto pid = environment_number("LISTEN_PID");
  if (count && *count <= kPassedFdsMax && pid == static_cast<std::uint64_t>(::getpid())) {
    for (int fd = kFirstPassedFd; fd < kFirstPassedFd + static_cast<int>(*count); ++fd) {
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
      sockets.emplace_back(fd);
    }
  }
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDNAMES");
  return sockets;
}

void notify_starter(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const std::size_t length = path != nullptr ? std::strlen(path) : 0;
  if (length == 0 || length >= sizeof address.sun_path) {
    return;
  }
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    return;
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = '\0';  // abstract namespace
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // A starter that has gone away is not our failure.
  (void)::sendto(fd.value(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
}

bool follow_supervisor() {
  const auto supervisor = environment_number("WEIR_SUPERVISOR_PID");
  if (!supervisor) {
    return true;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // It may have died between starting us and the line above.
  return static_cast<std::uint64_t>(::getppid()) == *supervisor;
}

std::uint32_t supervisor_pid() { return static_cast<std::uint32_t>(environment_number("WEIR_SUPERVISOR_PID").value_or(0)); }

std::size_t raise_open_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace weir::base
