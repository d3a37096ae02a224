// With --durability power: brings to the disk what was appended to the spool, in a thread of its own, so that the event
// loop never waits for the disk. Only what is there already is shipped: were the collector ahead of the spool that a power
// failure left, the numbers of later events would be taken. Belongs to the event loop's thread but for what the thread does.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/traffic/sender.h"
#include "proxy_worker/traffic/spool.h"

namespace weir::traffic {

class SpoolSync : public Sender::Disk, private net::IoListener {
 public:
  class Listener {
   public:
    virtual void on_synced() = 0;

   protected:
    ~Listener() = default;
  };

  // Both outlive the object.
  SpoolSync(net::EventLoop& loop, const Spool& spool);
  // Waits until the disk has everything.
  ~SpoolSync();

  void listen(Listener& listener) { listener_ = &listener; }
  // What is in the spool now is to go to the disk; the listener hears when it is there.
  void request() override;
  // The last event that is on the disk here, or committed by the collector.
  std::uint64_t synced_sequence() const override;

 private:
  struct Job {
    std::vector<std::filesystem::path> files;
    std::uint64_t last_sequence = 0;
  };

  void on_io(net::Readiness readiness) override;
  Job next_job() const;
  void run();                                        // the thread
  bool sync(const Job& job, std::string& error);     // the thread, or the destructor behind it

  net::EventLoop& loop_;
  const Spool& spool_;
  Listener* listener_ = nullptr;
  std::uint64_t synced_sequence_;
  bool is_busy_ = false;
  bool is_wanted_ = false;   // again, when the present job is done
  bool has_failed_ = false;  // the last job; said in the log once
  std::set<std::filesystem::path> known_files_;  // whose names are on the disk
  base::UniqueFd done_;      // an eventfd: a job is done

  std::mutex mutex_;         // over what follows
  std::condition_variable changed_;
  std::optional<Job> job_;
  std::string error_;        // of the job that is done; empty: it succeeded
  std::uint64_t synced_to_ = 0;  // by that job
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace weir::traffic
