// One simulated process of the collector: the product's Recorder, and around it what collector/collector.cpp does, with a
// clock that is told. Functions may throw Killed.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "collector/recorder.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/network.h"
#include "tests/simulation/worker_process.h"

namespace weir::simulation {

class CollectorProcess {
 public:
  // `check` sees each acknowledgement before it is sent.
  using Check = std::function<void(const collector::Reply&)>;
  CollectorProcess(Network& network, Fate fate, std::chrono::milliseconds commit_interval, Check check)
      : network_(network), fate_(fate), commit_interval_(commit_interval), check_(std::move(check)) {}
  ~CollectorProcess();

  // False with `error` when it cannot (the disk is full): the process has ended.
  bool start(const std::filesystem::path& data_dir, std::string& error);
  // Takes the next message, if there is one and it is receiving.
  bool receive(TimePoint now, std::int64_t wall_clock_us);
  // Commits, or tries again, when that is due.
  void on_time(TimePoint now, std::int64_t wall_clock_us);
  // Commits what is there and ends in order.
  void stop();
  // From outside: what its destruction would still write is not written.
  void kill() { fate_.die(); }

  bool is_waiting() const { return retry_at_.has_value(); }
  // Nothing is to be committed or answered.
  bool is_idle() const { return !commit_at_ && !retry_at_; }
  std::optional<TimePoint> wake_at() const { return retry_at_ ? retry_at_ : commit_at_; }

 private:
  void take(Network::Parcel parcel, TimePoint now, std::int64_t wall_clock_us);
  void commit(TimePoint now);
  void back_off(TimePoint now);
  void send_replies();

  Network& network_;
  Fate fate_;
  std::chrono::milliseconds commit_interval_;
  Check check_;
  std::unique_ptr<collector::Recorder> recorder_;
  std::optional<TimePoint> commit_at_;
  std::optional<TimePoint> retry_at_;          // the database failed: nothing is received until then
  std::optional<Network::Parcel> held_;        // what it failed on
  std::chrono::milliseconds delay_{0};
};

}  // namespace weir::simulation
