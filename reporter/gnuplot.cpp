#include "reporter/gnuplot.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>

#include "common/base/unique_fd.h"
#include "reporter/interruption.h"

namespace weir::reporter {

namespace {

constexpr std::size_t kComplaintBytesMax = 4096;
constexpr std::chrono::milliseconds kLookAround{100};  // how often a wait looks for an interruption

// A nameless file in memory: the child can be slow with it or complain at length, and no pipe fills up.
base::UniqueFd memory_file(std::string_view content) {
  base::UniqueFd fd(::memfd_create("weir-gnuplot", MFD_CLOEXEC));
  std::size_t written = 0;
  while (fd.is_open() && written < content.size()) {
    const ssize_t count = ::write(fd.value(), content.data() + written, content.size() - written);
    if (count <= 0) {
      return {};
    }
    written += static_cast<std::size_t>(count);
  }
  ::lseek(fd.value(), 0, SEEK_SET);
  return fd;
}

// The first line that gnuplot complained with, without its drawing of where in the script it was.
std::string complaint(const base::UniqueFd& fd) {
  std::string text(kComplaintBytesMax, '\0');
  const ssize_t count = ::pread(fd.value(), text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  const std::size_t line = text.find("line ");
  text = text.substr(line == std::string::npos ? std::min(text.find_first_not_of(" \n^"), text.size()) : line);
  return text.substr(0, text.find('\n'));
}

// Gives posix_spawnp's error.
int start(int script_fd, int picture_fd, int complaints_fd, pid_t& pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, script_fd, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, picture_fd, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, complaints_fd, STDERR_FILENO);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  // Default settings: a user's ~/.gnuplot does not change our chart.
  std::array<char, 8> program{"gnuplot"};
  std::array<char, 19> option{"--default-settings"};
  std::array<char, 2> from_input{"-"};
  const std::array<char*, 4> arguments{program.data(), option.data(), from_input.data(), nullptr};
  const int result = ::posix_spawnp(&pid, program.data(), &files, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  return result;
}

// The child's wait status; nothing when it had to be killed.
std::optional<int> wait_for(pid_t pid, std::chrono::milliseconds patience) {
  const base::UniqueFd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool has_ended = false;
  while (!has_ended && !is_interrupted() && std::chrono::steady_clock::now() < deadline) {
    pollfd ready{.fd = child.value(), .events = POLLIN, .revents = 0};
    has_ended = ::poll(&ready, 1, static_cast<int>(kLookAround.count())) > 0;
  }
  if (!has_ended) {
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return has_ended ? std::optional(status) : std::nullopt;
}

}  // namespace

bool draw_with_gnuplot(std::string_view script, int picture_fd, std::chrono::milliseconds patience, std::string& error) {
  const base::UniqueFd script_file = memory_file(script);
  const base::UniqueFd complaints = memory_file({});
  if (!script_file.is_open() || !complaints.is_open()) {
    error = "cannot start gnuplot: " + std::generic_category().message(errno);
    return false;
  }
  pid_t pid = -1;
  if (const int failure = start(script_file.value(), picture_fd, complaints.value(), pid); failure != 0) {
    error = failure == ENOENT ? "charts need gnuplot, which is not installed: apt install gnuplot-nox"
                              : "cannot start gnuplot: " + std::generic_category().message(failure);
    return false;
  }
  const auto status = wait_for(pid, patience);
  if (!status) {
    error = is_interrupted() ? "interrupted" : "gnuplot did not finish in time and was ended";
    return false;
  }
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) {
    error = "gnuplot failed: " + complaint(complaints);
    return false;
  }
  return true;
}

}  // namespace weir::reporter
