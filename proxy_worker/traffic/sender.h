// What of the spool is sent when: windows and batches, acknowledgements, and everything once more when none come. Knows no
// socket, no timer and no clock: whoever owns it gives it a wire and the time, and calls it when it wants to be called.
// Worker, one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "ledger.pb.h"
#include "proxy_worker/traffic/spool.h"

namespace weir::traffic {

class Sender {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // The connection to the collector, made again by itself whenever it breaks. What was sent over one arrives in that order;
  // the last of it may be lost with the connection.
  class Wire {
   public:
    // False: nobody takes it now.
    virtual bool send(const proto::Batch& header, const Spool::Range& events) = 0;
    // False: there is none.
    virtual bool receive(proto::Ack& ack) = 0;
    // Gives the connection up, with what waits in it.
    virtual void connect_anew() = 0;

   protected:
    ~Wire() = default;
  };

  // Brings to the disk what was appended, where that is wanted.
  class Disk {
   public:
    // What is in the spool now is to go there; on_synced() is called when it has.
    virtual void request() = 0;
    // The last event that is there, or committed by the collector.
    virtual std::uint64_t synced_sequence() const = 0;

   protected:
    ~Disk() = default;
  };

  // All outlive the sender. With a `disk`, only what is on it is sent.
  Sender(Spool& spool, Wire& wire, Disk* disk, TimePoint now);

  // Events were appended: they go out together with those of the next few milliseconds.
  void on_appended(TimePoint now);
  // Sends what there is, now.
  void ship(TimePoint now);
  // More is on the disk, or can never be brought there.
  void on_synced(TimePoint now) { send_what_may_be_sent(now); }
  // Asks where the stream stands, also when there is nothing to send; until it is answered, is_asking().
  void ask(TimePoint now);
  bool is_asking() const { return is_asking_; }
  // The wire may have some.
  void take_acknowledgements(TimePoint now);
  // Does what is due, at wake_at() or later.
  void on_time(TimePoint now);
  // When on_time() is to be called; nothing: not before another of these functions was.
  std::optional<TimePoint> wake_at() const;

 private:
  bool has_window() const;
  bool awaits_acknowledgement() const;
  bool send_batch(std::uint64_t next_sequence, const Spool::Range& range, TimePoint now);
  void send_what_may_be_sent(TimePoint now);
  Spool::Range take_range();
  void take(const proto::Ack& ack, TimePoint now);
  void start_again(TimePoint now);

  Spool& spool_;
  Wire& wire_;
  Disk* disk_;                          // nullptr: nothing waits for it
  bool is_asking_ = false;
  bool is_refused_ = false;             // nobody took the last batch: it is tried again in its time, not with each event
  std::chrono::milliseconds batch_delay_;
  std::chrono::milliseconds patience_;  // without an acknowledgement
  std::optional<TimePoint> batch_at_;   // the next batch goes out
  std::optional<TimePoint> stall_at_;   // the patience is over
};

}  // namespace weir::traffic
