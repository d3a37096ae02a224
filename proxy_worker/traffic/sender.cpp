#include "proxy_worker/traffic/sender.h"

#include <algorithm>

#include "common/base/crash_point.h"
#include "common/ledger/record_frame.h"

namespace weir::traffic {

namespace {

// Each message costs both sides more to wake up for than to copy; the collector commits every 200 ms.
constexpr std::chrono::milliseconds kBatchDelay{50};
// So long may a record be in memory alone where it must survive a power failure.
constexpr std::chrono::milliseconds kSyncDelay{20};
constexpr std::size_t kBatchBytes = 2 * 1024 * 1024;
// Sent but not acknowledged at most.
constexpr std::uint64_t kWindowEvents = 20'000;
constexpr std::chrono::milliseconds kRetryDelay{100};   // while no collector is connected
constexpr std::chrono::milliseconds kPatienceMin{2'000};  // without an acknowledgement, then everything is sent again
constexpr std::chrono::milliseconds kPatienceMax{30'000};

}  // namespace

Sender::Sender(Spool& spool, Wire& wire, Disk* disk, TimePoint now)
    : spool_(spool), wire_(wire), disk_(disk), batch_delay_(disk != nullptr ? kSyncDelay : kBatchDelay), patience_(kPatienceMin) {
  if (spool_.has_untaken() || spool_.has_untold_loss()) {
    batch_at_ = now + batch_delay_;
  }
}

bool Sender::awaits_acknowledgement() const {
  return is_asking_ || spool_.taken() > spool_.acknowledged() || spool_.has_untold_loss();
}

bool Sender::has_window() const { return spool_.taken() + 1 < spool_.oldest_sequence() + kWindowEvents; }

void Sender::on_appended(TimePoint now) {
  if (!batch_at_) {
    batch_at_ = now + batch_delay_;
  } else if (spool_.untaken_bytes() >= kBatchBytes && !is_refused_ && has_window()) {
    ship(now);
  }
}

void Sender::ship(TimePoint now) {
  if (disk_ != nullptr) {
    disk_->request();
  }
  send_what_may_be_sent(now);
}

void Sender::ask(TimePoint now) {
  is_asking_ = true;
  batch_at_ = now;
}

// The next range, as far as the disk has it.
Spool::Range Sender::take_range() {
  const Spool::Range range = spool_.take(kBatchBytes);
  const std::uint64_t synced = disk_ != nullptr ? disk_->synced_sequence() : UINT64_MAX;
  if (range.count == 0 || range.first_sequence + range.count - 1 <= synced) {
    return range;
  }
  const std::uint64_t count = synced >= range.first_sequence ? synced - range.first_sequence + 1 : 0;
  const std::size_t bytes = ledger::bytes_of_records(range.bytes, count);
  spool_.put_back(range);
  return count > 0 ? spool_.take(bytes) : Spool::Range{};
}

void Sender::send_what_may_be_sent(TimePoint now) {
  bool is_taken = true;
  while (is_taken && spool_.has_untaken() && has_window()) {
    const std::uint64_t next_sequence = spool_.taken() + 1;
    const Spool::Range range = take_range();
    if (range.count == 0) {
      break;
    }
    is_taken = send_batch(next_sequence, range, now);
    if (!is_taken) {
      spool_.put_back(range);
    }
  }
  if (is_taken && (spool_.has_untold_loss() || is_asking_)) {
    send_batch(spool_.next_sequence(), {}, now);
  }
  take_acknowledgements(now);
}

// An empty range only says what the oldest event is: what came before it and is not acknowledged is lost.
bool Sender::send_batch(std::uint64_t next_sequence, const Spool::Range& range, TimePoint now) {
  proto::Batch header;
  header.set_stream_id(spool_.stream_id());
  header.set_oldest_sequence(spool_.oldest_sequence());
  if (range.count > 0) {
    header.set_first_sequence(range.first_sequence);
    header.set_event_count(static_cast<std::uint32_t>(range.count));
    header.set_lost_before(range.first_sequence - next_sequence);
  }
  is_refused_ = !wire_.send(header, range);
  if (is_refused_) {
    batch_at_ = now + kRetryDelay;
    return false;
  }
  WEIR_CRASH_POINT("sender.sent");
  if (!stall_at_) {
    stall_at_ = now + patience_;
  }
  return true;
}

void Sender::take_acknowledgements(TimePoint now) {
  const std::uint64_t acknowledged_before = spool_.acknowledged();
  proto::Ack ack;
  while (wire_.receive(ack)) {
    if (ack.stream_id() == spool_.stream_id()) {
      take(ack, now);
    }
  }
  const bool is_full_batch = spool_.untaken_bytes() >= kBatchBytes;
  if (is_full_batch && spool_.acknowledged() > acknowledged_before && has_window()) {
    batch_at_ = now;  // The collector has caught up with the window, and is waiting.
  } else if (spool_.has_untaken() && !batch_at_) {
    batch_at_ = now + batch_delay_;
  }
}

void Sender::take(const proto::Ack& ack, TimePoint now) {
  is_asking_ = false;
  if (ack.last_sequence() > spool_.acknowledged()) {
    patience_ = kPatienceMin;
    spool_.acknowledge(ack.last_sequence());
    WEIR_CRASH_POINT("sender.acknowledged");
    stall_at_ = awaits_acknowledgement() ? std::optional(now + patience_) : std::nullopt;
    if (spool_.has_untold_loss() && !batch_at_) {
      batch_at_ = now + batch_delay_;
    }
  }
  if (ack.resend()) {
    spool_.rewind();
  }
}

void Sender::on_time(TimePoint now) {
  if (batch_at_ && *batch_at_ <= now) {
    batch_at_.reset();
    ship(now);
  }
  if (stall_at_ && *stall_at_ <= now) {
    stall_at_.reset();
    if (awaits_acknowledgement()) {
      start_again(now);
    }
  }
}

void Sender::start_again(TimePoint now) {
  // What waits in the old connection must not arrive between what is sent again.
  wire_.connect_anew();
  spool_.rewind();
  patience_ = std::min(patience_ * 2, kPatienceMax);
  batch_at_ = now + kRetryDelay;
}

std::optional<Sender::TimePoint> Sender::wake_at() const {
  return batch_at_ && stall_at_ ? std::min(batch_at_, stall_at_) : batch_at_ ? batch_at_ : stall_at_;
}

}  // namespace weir::traffic
