// A few workers, a wire and a collector, with everything that can happen to them, from one seed: the same seed is the same
// run. At its end all faults stop, everything is started again and delivered, and the oracle compares.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/database.h"
#include "tests/simulation/collector_process.h"
#include "tests/simulation/network.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/random.h"
#include "tests/simulation/request_book.h"
#include "tests/simulation/temper.h"
#include "tests/simulation/worker_process.h"

namespace weir::simulation {

class Simulation {
 public:
  // `data_dir` does not exist and is left behind; `new_database` is copied.
  Simulation(std::uint64_t seed, std::filesystem::path data_dir, const std::filesystem::path& new_database);
  ~Simulation();

  // Throws Violation.
  void run();
  const RequestBook& requests() const { return book_; }

 private:
  // What one worker's folder is used for at the moment.
  struct Post {
    enum class Duty { Serve, DeliverOnly, Rest };

    WorkerProcess::Place place;
    Duty duty = Duty::Serve;
    std::unique_ptr<WorkerProcess> process;  // null: not running
  };

  void do_something();
  void perform(Deed deed);
  Post* some_post(bool (*is_wanted)(const Post&));
  Request* some_open_request(Post& post);

  // Clients.
  void begin_request();
  void move_octets();
  void tell_progress();
  void end_request();
  void end(Post& post, Request& request);

  // Time.
  void pass_time();
  void pass(std::chrono::milliseconds time);
  void let_collector_act();
  void jump_clock();
  std::int64_t wall_clock_us() const;

  // The wire.
  void deliver_message();
  void deliver_acknowledgement();

  // Processes.
  Fate draw_fate(Role role);
  void start_worker(Post& post);
  void start_collector();
  void kill(Post& post);
  void kill_collector();
  void stop_collector();
  void change_duty();
  void clear_away_if_delivered(Post& post);
  // Runs `act` of the process; it may die of that.
  template <class Act>
  void with(Post& post, Act act);
  template <class Act>
  void with_collector(Act act);

  void toggle_lock();

  // The end.
  void settle();
  bool is_settled() const;
  void deliver_everything();
  void check_folders() const;

  Random random_;
  Temper temper_;
  std::filesystem::path data_dir_;
  TimePoint now_{std::chrono::hours(1)};
  std::chrono::microseconds clock_offset_{0};
  bool is_settling_ = false;
  RequestBook book_;
  Network network_{random_};
  std::vector<Post> posts_;
  std::unique_ptr<CollectorProcess> collector_;  // null: not running
  std::optional<Oracle> oracle_;
  std::optional<store::Database> locker_;  // someone else's, who may hold the database's lock
  bool is_locked_ = false;
};

}  // namespace weir::simulation
