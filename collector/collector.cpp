#include "collector/collector.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "common/base/log.h"

namespace weir::collector {

namespace {

using namespace std::chrono_literals;

// One transaction holds at most so much, however long the commit interval is.
constexpr std::uint64_t kEventsPerCommitMax = 20'000;
constexpr std::size_t kBytesPerCommitMax = 16u << 20;
// Signals and the clock are looked at after so many messages.
constexpr std::size_t kMessagesPerTurnMax = 8;

constexpr auto kIdlePatience = 10min;
constexpr auto kFirstRetryDelay = 100ms;
constexpr auto kRetryDelayMax = 5s;
// After a stop was asked for: how long the wire must be silent to be taken as empty, and the bound of it all.
constexpr auto kSilence = 100ms;
constexpr auto kStopPatience = 10s;

std::int64_t wall_clock_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

int Collector::run() {
  status_.enter(live::CollectorState::Recording);
  while (true) {
    switch (phase_) {
      case Phase::Receiving:
        handle_receiving();
        break;
      case Phase::WaitingOut:
        handle_waiting_out();
        break;
      case Phase::Stopping:
        return handle_stopping();
      case Phase::Lost:
        status_.note_error("the database file was removed or replaced");
        base::log_error("the database file was removed or replaced; ending, so that the next start makes a new one");
        return 1;
    }
  }
}

// What status shows: a database that fails again when it is tried again was not better in between.
void Collector::enter(Phase phase) {
  phase_ = phase;
  if (phase == Phase::WaitingOut && !is_waiting_shown_) {
    status_.enter(live::CollectorState::WaitingOut);
    is_waiting_shown_ = true;
  } else if (phase == Phase::Stopping) {
    status_.enter(live::CollectorState::Stopping);
  }
}

void Collector::handle_receiving() {
  const Receiver::Ready ready = receiver_.wait(signals_.fd(), patience(), Receiver::Listening::ToAll);
  note_refused_peers();
  if (ready.has_message) {
    receive_some();
  }
  if (phase_ == Phase::Receiving && is_commit_due()) {
    commit();
  }
  if (ready.has_signal) {
    handle_signals();
  }
}

void Collector::handle_waiting_out() {
  const bool has_signal = receiver_.wait(signals_.fd(), patience(), Receiver::Listening::ToSignalsOnly).has_signal;
  note_refused_peers();
  if (has_signal) {
    handle_signals();
  }
  if (phase_ == Phase::WaitingOut && Clock::now() >= retry_at_) {
    enter(Phase::Receiving);
    send_replies();  // They ask for what was rolled back.
    take_held();
  }
}

// The workers have stopped before us: what they sent is on its way or here.
int Collector::handle_stopping() {
  const auto deadline = Clock::now() + kStopPatience;
  delay_ = 0ms;
  take_held();
  bool is_silent = false;
  while (phase_ == Phase::Stopping && !is_silent && Clock::now() < deadline) {
    is_silent = !receiver_.wait(-1, kSilence, Receiver::Listening::ToAll).has_message || receive_some() == 0;
    if (phase_ == Phase::Stopping && is_commit_due()) {
      commit();
    }
  }
  const bool is_committed = phase_ == Phase::Stopping && commit();
  status_.enter(live::CollectorState::Ended);
  base::log_info("stopped; refused batches: " + std::to_string(refused_batches_) +
                 ", unreadable events: " + std::to_string(recorder_.unreadable_events()));
  return is_committed ? 0 : 1;
}

std::chrono::milliseconds Collector::patience() const {
  const auto wanted = phase_ == Phase::WaitingOut ? retry_at_ : commit_at_.value_or(Clock::now() + kIdlePatience);
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(wanted - Clock::now()), std::chrono::milliseconds(0),
                    std::chrono::milliseconds(kIdlePatience));
}

void Collector::handle_signals() {
  while (const auto signal = signals_.next()) {
    if (*signal == SIGHUP) {
      base::log_info("SIGHUP: log files are looked at with every commit; nothing to do");
    } else {
      enter(Phase::Stopping);
    }
  }
}

std::size_t Collector::receive_some() {
  const Phase phase = phase_;
  std::size_t count = 0;
  while (count < kMessagesPerTurnMax && phase_ == phase && !is_commit_due()) {
    const auto message = receiver_.receive();
    if (!message) {
      break;
    }
    ++count;
    std::string error = "not two frames";
    auto batch = message->is_well_formed ? read_batch(message->header, message->events, error) : std::nullopt;
    if (batch) {
      take(message->routing_id, std::move(*batch));
    } else {
      refuse(error);
    }
  }
  return count;
}

void Collector::take(const std::string& routing_id, Batch batch) {
  if (base::is_log_level_on(base::LogLevel::Debug)) {
    base::log_debug("stream " + batch.stream_id + ": " + std::to_string(batch.events.size()) + " events from " +
                    std::to_string(batch.first_sequence));
  }
  switch (recorder_.take(batch, routing_id, wall_clock_us())) {
    case Verdict::Accepted:
      commit_at_ = commit_at_.value_or(Clock::now() + commit_interval_);
      break;
    case Verdict::Repeated:
    case Verdict::Jumped:
      commit_at_ = Clock::now();  // The worker waits for the answer.
      break;
    case Verdict::Failed:
      held_.emplace(routing_id, std::move(batch));
      back_off();
      break;
  }
}

void Collector::take_held() {
  if (auto held = std::exchange(held_, std::nullopt)) {
    take(held->first, std::move(held->second));
  }
}

void Collector::refuse(const std::string& why) {
  ++refused_batches_;
  publish_counts();
  if (refusal_warning_.admits(Clock::now())) {
    base::log_warning("refused a batch: " + why + refusal_warning_.take_held_back());
  }
}

void Collector::note_refused_peers() {
  const std::uint64_t refused = receiver_.refused_peers();
  if (refused == refused_peers_) {
    return;
  }
  refused_peers_ = refused;
  publish_counts();
  if (peer_warning_.admits(Clock::now())) {
    base::log_warning("refused a connection: " + receiver_.last_refusal() + peer_warning_.take_held_back());
  }
}

void Collector::publish_counts() {
  live::CollectorFacts& facts = status_.facts();
  facts.refused_batches.store(refused_batches_, std::memory_order_relaxed);
  facts.refused_peers.store(refused_peers_, std::memory_order_relaxed);
  facts.unreadable_events.store(recorder_.unreadable_events(), std::memory_order_relaxed);
  facts.lost_events.store(recorder_.lost_events(), std::memory_order_relaxed);
  facts.committed_events.store(committed_events_, std::memory_order_relaxed);
}

bool Collector::is_commit_due() const {
  return commit_at_ && (Clock::now() >= *commit_at_ || recorder_.pending_events() >= kEventsPerCommitMax ||
                        recorder_.pending_bytes() >= kBytesPerCommitMax);
}

bool Collector::commit() {
  if (!recorder_.is_database_in_place()) {
    enter(Phase::Lost);
    return false;
  }
  const std::uint64_t events = recorder_.pending_events();
  if (!recorder_.commit()) {
    back_off();
    return false;
  }
  committed_events_ += events;
  status_.facts().last_commit_us.store(static_cast<std::uint64_t>(wall_clock_us()), std::memory_order_relaxed);
  publish_counts();
  delay_ = 0ms;
  if (std::exchange(is_waiting_shown_, false)) {
    base::log_info("writing works again");
    status_.enter(phase_ == Phase::Stopping ? live::CollectorState::Stopping : live::CollectorState::Recording);
  }
  commit_at_.reset();
  send_replies();
  return true;
}

void Collector::back_off() {
  status_.note_error(recorder_.error());
  if (failure_warning_.admits(Clock::now())) {
    base::log_error("cannot write: " + recorder_.error() + "; the workers keep the records, trying again" +
                    failure_warning_.take_held_back());
  }
  recorder_.roll_back();
  commit_at_.reset();
  delay_ = std::clamp(delay_ * 2, std::chrono::milliseconds(kFirstRetryDelay), std::chrono::milliseconds(kRetryDelayMax));
  retry_at_ = Clock::now() + delay_;
  enter(Phase::WaitingOut);
}

void Collector::send_replies() {
  for (const Reply& reply : recorder_.take_replies()) {
    receiver_.reply(reply);
  }
}

}  // namespace weir::collector
