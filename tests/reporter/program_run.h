// Runs the real reporter and gives back what it said.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace weir::reporter {

struct ProgramRun {
  int exit_status = -1;  // 128 + the signal, when one ended it
  std::string out;
  std::string err;
};

// The program as a child process. The caller waits for it.
pid_t start_reporter(const std::vector<std::string>& arguments, int out_fd, int err_fd);
int wait_for_exit(pid_t pid);

ProgramRun run_reporter(const std::vector<std::string>& arguments);

}  // namespace weir::reporter
