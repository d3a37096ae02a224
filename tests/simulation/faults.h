// What interferes with the simulated processes: where each of them dies, whether the disk is full, and which bug is planted.
// The product's sources reach it through the macro of common/base/crash_point.h, hence the one global state; there is one
// simulation at a time, in one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "tests/simulation/random.h"

namespace weir::simulation {

// Thrown where a simulated process dies: nothing that it has not written by then is ever written.
struct Killed {};

enum class Role { Worker, Collector };

// The moments at which a process of that role may die, by the names that the sources give them.
std::span<const std::string_view> crash_points(Role role);
// Those of them that processes rarely come to, or that matter most when others were come to before.
std::span<const std::string_view> rare_crash_points(Role role);
// Stands for the writing of a file by SQLite or by the collector itself; half of it is written.
inline constexpr std::string_view kTornWrite = "disk.torn_write";

// One simulated process, as far as its death is concerned.
class Fate {
 public:
  // Dies when it comes to `point` for the `visits`-th time; never when `visits` is 0.
  explicit Fate(std::string_view point = {}, std::size_t visits = 0) : point_(point), visits_left_(visits) {}

  // While it exists, this is the process that runs.
  class Run {
   public:
    explicit Run(Fate& fate);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
  };

  // Throws Killed when its time has come.
  void reach(std::string_view point);
  // For what cannot throw: says whether to die now; from then on nothing is written, and the next reach() throws.
  bool is_killed_in(std::string_view point);
  void die() { is_dead_ = true; }
  bool is_dead() const { return is_dead_; }
  void throw_if_dead() const;

 private:
  bool counts_down(std::string_view point);

  std::string_view point_;
  std::size_t visits_left_;
  bool is_dead_ = false;
};

struct Faults {
  Fate* running = nullptr;        // borrowed from its process
  bool is_disk_full = false;
  std::string_view planted;       // the bug; empty: none
  Random random{0};               // for what the disk does
  std::uint64_t streams = 0;      // that were made: their names
  std::map<std::string, std::uint64_t, std::less<>> deaths;  // at each point, since the program began
};
Faults& faults();

bool is_planted(std::string_view bug);

}  // namespace weir::simulation
