// The process that compiles the policy beside a worker: this program with the worker's own arguments and --compile-policy.
// A worker itself never compiles: that takes seconds and hundreds of MiB for a large list.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "common/base/unique_fd.h"

namespace weir::session {

class CompilerProcess {
 public:
  // Its exit status when there are no rules to compile: then, and only then, is no file left to map.
  static constexpr int kNoRules = 3;

  // What became of it. `exit_status` is main's, or 1 when it was killed; `said` is what it wrote on standard error.
  struct End {
    int exit_status = 1;
    std::string said;
  };

  // nullptr when it cannot be started; `error` says why.
  static std::unique_ptr<CompilerProcess> start(std::span<const std::string> arguments, std::string& error);
  ~CompilerProcess();
  CompilerProcess(const CompilerProcess&) = delete;
  CompilerProcess& operator=(const CompilerProcess&) = delete;

  // Waits for its end, and kills it when that takes longer.
  End wait(std::chrono::milliseconds patience);

  // In an event loop: both are readable when there is something to collect.
  int output_fd() const { return output_.value(); }
  int process_fd() const { return process_.value(); }
  // Takes what it has said by now. False when it will say nothing more.
  bool take_output();
  // Whether it has ended; end() can be asked then.
  bool has_ended();
  End end() const;

  // It shares its cores with the workers: they come first.
  void yield_to_others() const;

 private:
  CompilerProcess(pid_t pid, base::UniqueFd process, base::UniqueFd output);

  static constexpr std::size_t kSaidBytesMax = 64 * 1024;

  pid_t pid_;
  base::UniqueFd process_;
  base::UniqueFd output_;
  std::string said_;
  int wait_status_ = 0;
  bool has_ended_ = false;
};

}  // namespace weir::session
