#include "tests/reporter/program_run.h"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/unique_fd.h"

namespace weir::reporter {

namespace {

std::string content_of_memory(const base::UniqueFd& file) {
  std::string content(static_cast<std::size_t>(::lseek(file.value(), 0, SEEK_END)), '\0');
  EXPECT_EQ(::pread(file.value(), content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
  return content;
}

}  // namespace

pid_t start_reporter(const std::vector<std::string>& arguments, int out_fd, int err_fd) {
  std::vector<std::string> words{WEIR_REPORTER};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), environ), 0);
  ::posix_spawn_file_actions_destroy(&files);
  return pid;
}

int wait_for_exit(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ProgramRun run_reporter(const std::vector<std::string>& arguments) {
  const base::UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
  const base::UniqueFd err(::memfd_create("err", MFD_CLOEXEC));
  const pid_t pid = start_reporter(arguments, out.value(), err.value());
  const int exit_status = wait_for_exit(pid);
  return {exit_status, content_of_memory(out), content_of_memory(err)};
}

}  // namespace weir::reporter
