// A collector that only acknowledges, in a process of its own: what a worker's side of the ledger costs is measured
// against it, all threads of the worker's side included.
#pragma once

#include <sys/types.h>

#include <string>

namespace weir::bench {

class Acknowledger {
 public:
  // The calling process must have no other thread yet.
  explicit Acknowledger(const std::string& endpoint);
  ~Acknowledger();
  Acknowledger(const Acknowledger&) = delete;
  Acknowledger& operator=(const Acknowledger&) = delete;

 private:
  pid_t child_;
};

}  // namespace weir::bench
