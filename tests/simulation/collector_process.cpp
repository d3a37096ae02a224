#include "tests/simulation/collector_process.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/trace.h"

namespace weir::simulation {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirstRetryDelay = 100ms;
constexpr auto kRetryDelayMax = 5'000ms;

}  // namespace

CollectorProcess::~CollectorProcess() {
  const Fate::Run run(fate_);
  recorder_.reset();
  network_.stop_listening();
}

bool CollectorProcess::start(const std::filesystem::path& data_dir, std::string& error) {
  const Fate::Run run(fate_);
  store::Error failure;
  recorder_ = collector::Recorder::open(data_dir, {}, failure);
  fate_.throw_if_dead();
  error = failure.message;
  if (recorder_) {
    network_.start_listening();
  }
  return recorder_ != nullptr;
}

bool CollectorProcess::receive(TimePoint now, std::int64_t wall_clock_us) {
  auto parcel = retry_at_ ? std::nullopt : network_.take();
  if (parcel) {
    take(std::move(*parcel), now, wall_clock_us);
  }
  return parcel.has_value();
}

void CollectorProcess::take(Network::Parcel parcel, TimePoint now, std::int64_t wall_clock_us) {
  const Fate::Run run(fate_);
  std::string error;
  const auto batch = collector::read_batch(parcel.header, parcel.events, error);
  if (!batch) {
    WEIR_TRACE("collector: refuses a batch: " + error);
    return;
  }
  const std::string sender = std::to_string(parcel.connection);
  const collector::Verdict verdict = recorder_->take(*batch, sender, wall_clock_us);
  fate_.throw_if_dead();
  WEIR_TRACE("collector: " + batch->stream_id + " " + std::to_string(batch->first_sequence) + "+" + std::to_string(batch->events.size()) +
             " is " + std::to_string(static_cast<int>(verdict)));
  switch (verdict) {
    case collector::Verdict::Accepted:
      commit_at_ = commit_at_.value_or(now + commit_interval_);
      if (is_planted("ack-before-commit")) {
        network_.reply(parcel.connection, collector::ack_frame({sender, batch->stream_id, batch->last_sequence(), false}));
      }
      break;
    case collector::Verdict::Repeated:
    case collector::Verdict::Jumped:
      commit_at_ = now;
      break;
    case collector::Verdict::Failed:
      held_ = std::move(parcel);
      back_off(now);
      break;
  }
}

void CollectorProcess::on_time(TimePoint now, std::int64_t wall_clock_us) {
  if (retry_at_ && *retry_at_ <= now) {
    retry_at_.reset();
    send_replies();  // They ask for what was rolled back.
    if (auto held = std::exchange(held_, std::nullopt)) {
      take(std::move(*held), now, wall_clock_us);
    }
  }
  if (!retry_at_ && commit_at_ && *commit_at_ <= now) {
    commit(now);
  }
}

void CollectorProcess::stop() {
  commit(TimePoint{});
  fate_.throw_if_dead();
}

void CollectorProcess::commit(TimePoint now) {
  const Fate::Run run(fate_);
  const bool is_committed = recorder_->commit();
  fate_.throw_if_dead();
  if (!is_committed) {
    return back_off(now);
  }
  delay_ = 0ms;
  commit_at_.reset();
  WEIR_TRACE("collector: has committed");
  send_replies();
}

void CollectorProcess::back_off(TimePoint now) {
  WEIR_TRACE("collector: cannot write: " + recorder_->error());
  recorder_->roll_back();
  fate_.throw_if_dead();
  commit_at_.reset();
  delay_ = std::clamp(delay_ * 2, std::chrono::milliseconds(kFirstRetryDelay), std::chrono::milliseconds(kRetryDelayMax));
  retry_at_ = now + delay_;
}

void CollectorProcess::send_replies() {
  std::vector<collector::Reply> replies = recorder_->take_replies();
  std::sort(replies.begin(), replies.end(), [](const auto& a, const auto& b) { return a.stream_id < b.stream_id; });
  for (const collector::Reply& reply : replies) {
    WEIR_TRACE("collector: " + reply.stream_id + " is at " + std::to_string(reply.last_sequence) + (reply.resend ? ", again" : ""));
    check_(reply);
    network_.reply(std::stoull(reply.routing_id), collector::ack_frame(reply));
  }
}

}  // namespace weir::simulation
