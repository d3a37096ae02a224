#include "proxy_worker/session/compiler_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace weir::session {

namespace {

constexpr int kKilled = 1;

// Ours, but nothing that whoever started us meant for us alone; it ends with us as we end with the supervisor.
std::vector<std::string> environment_of_child() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const bool is_ours_alone = text.starts_with("LISTEN_") || text.starts_with("NOTIFY_SOCKET=") || text.starts_with("WEIR_SUPERVISOR_PID=");
    if (!is_ours_alone) {
      variables.emplace_back(text);
    }
  }
  variables.push_back("WEIR_SUPERVISOR_PID=" + std::to_string(::getpid()));
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Its standard error is `output`; signals that we have blocked or ignore reach it.
int spawn(std::vector<std::string> arguments, int output, pid_t& pid) {
  std::vector<std::string> environment = environment_of_child();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  sigset_t none;
  sigset_t defaults;
  ::sigemptyset(&none);
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int failure = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, pointers_to(arguments).data(), pointers_to(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return failure;
}

}  // namespace

CompilerProcess::CompilerProcess(pid_t pid, base::UniqueFd process, base::UniqueFd output)
    : pid_(pid), process_(std::move(process)), output_(std::move(output)) {}

std::unique_ptr<CompilerProcess> CompilerProcess::start(std::span<const std::string> arguments, std::string& error) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) < 0) {
    error = std::string("cannot make a pipe: ") + std::strerror(errno);
    return nullptr;
  }
  base::UniqueFd reader(ends[0]);
  const base::UniqueFd writer(ends[1]);
  ::fcntl(writer.value(), F_SETFL, 0);  // The child waits until what it says is taken.
  std::vector<std::string> all(arguments.begin(), arguments.end());
  all.emplace_back("--compile-policy");
  pid_t pid = 0;
  if (const int failure = spawn(std::move(all), writer.value(), pid); failure != 0) {
    error = std::string("cannot start a process to compile the policy: ") + std::strerror(failure);
    return nullptr;
  }
  base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // glibc 2.36 declares its own without C linkage
  return std::unique_ptr<CompilerProcess>(new CompilerProcess(pid, std::move(process), std::move(reader)));
}

CompilerProcess::~CompilerProcess() {
  if (!has_ended_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &wait_status_, 0);
  }
}

void CompilerProcess::yield_to_others() const {
  constexpr int kNice = 10;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid_), kNice);
}

bool CompilerProcess::take_output() {
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t count = ::read(output_.value(), buffer.data(), buffer.size());
    if (count > 0) {
      said_.append(buffer.data(), std::min(static_cast<std::size_t>(count), kSaidBytesMax - said_.size()));
    } else if (count == 0 || errno != EINTR) {
      return count < 0 && errno == EAGAIN;
    }
  }
}

bool CompilerProcess::has_ended() {
  if (!has_ended_ && ::waitpid(pid_, &wait_status_, WNOHANG) == pid_) {
    has_ended_ = true;
    (void)take_output();
  }
  return has_ended_;
}

CompilerProcess::End CompilerProcess::end() const {
  return {WIFEXITED(wait_status_) ? WEXITSTATUS(wait_status_) : kKilled, said_};
}

CompilerProcess::End CompilerProcess::wait(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool has_more = true;
  while (!has_ended()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      ::kill(pid_, SIGKILL);
    }
    std::array<pollfd, 2> events{pollfd{process_.value(), POLLIN, 0}, pollfd{has_more ? output_.value() : -1, POLLIN, 0}};
    ::poll(events.data(), events.size(), static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 1000)));
    has_more = has_more && take_output();
  }
  return end();
}

}  // namespace weir::session
