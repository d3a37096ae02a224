// The collector's loop: receives batches, commits them in time, acknowledges what is committed, and waits out a
// database that does not work. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "collector/receiver.h"
#include "collector/recorder.h"
#include "collector/signal_queue.h"
#include "collector/throttle.h"
#include "common/live/collector_status.h"

namespace weir::collector {

class Collector {
 public:
  // All are borrowed and outlive the collector.
  Collector(Receiver& receiver, Recorder& recorder, SignalQueue& signals, live::CollectorStatusFile& status,
            std::chrono::milliseconds commit_interval)
      : receiver_(receiver), recorder_(recorder), signals_(signals), status_(status), commit_interval_(commit_interval) {}

  // Until SIGTERM or SIGINT. Gives the exit status: 0 when all that arrived is committed.
  int run();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase {
    Receiving,   // takes batches and commits them
    WaitingOut,  // the database failed; nothing is received until retry_at_
    Stopping,    // a stop was asked for
    Lost,        // the database file is gone: only a new start helps
  };

  void enter(Phase phase);
  void handle_receiving();
  void handle_waiting_out();
  int handle_stopping();

  std::chrono::milliseconds patience() const;
  void handle_signals();
  // Takes messages until none is there or a commit is due; gives how many.
  std::size_t receive_some();
  void take(const std::string& routing_id, Batch batch);
  // Takes the batch again that the database failed on.
  void take_held();
  void refuse(const std::string& why);
  void note_refused_peers();
  void publish_counts();
  bool is_commit_due() const;
  bool commit();
  void back_off();
  void send_replies();

  Receiver& receiver_;
  Recorder& recorder_;
  SignalQueue& signals_;
  live::CollectorStatusFile& status_;
  std::chrono::milliseconds commit_interval_;
  Phase phase_ = Phase::Receiving;
  std::optional<Clock::time_point> commit_at_;  // when something is to be committed or answered
  Clock::time_point retry_at_{};
  // The batch that the database failed on, with its sender. Its frames stay valid: nothing is received meanwhile.
  std::optional<std::pair<std::string, Batch>> held_;
  std::chrono::milliseconds delay_{0};  // of the back-off; 0 while the database works
  bool is_waiting_shown_ = false;  // in the status, until a commit succeeds
  std::uint64_t committed_events_ = 0;
  std::uint64_t refused_batches_ = 0;
  std::uint64_t refused_peers_ = 0;
  Throttle refusal_warning_;
  Throttle peer_warning_;
  Throttle failure_warning_;
};

}  // namespace weir::collector
