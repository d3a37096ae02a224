// A collector that only acknowledges, on a thread of its own: what a worker's side of the ledger costs is measured
// against it.
#pragma once

#include <memory>
#include <string>

namespace weir::bench {

class Acknowledger {
 public:
  explicit Acknowledger(const std::string& endpoint);
  ~Acknowledger();

 private:
  struct Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace weir::bench
