// How one seed's run is: what happens often and what never. Runs that differ much find more than runs that are all alike.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

#include "proxy_worker/traffic/spool.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/random.h"

namespace weir::simulation {

// What may happen next.
enum class Deed {
  BeginRequest,
  MoveOctets,
  TellProgress,
  EndRequest,
  PassTime,
  DeliverMessage,
  DeliverAcknowledgement,
  LetCollectorAct,
  Connect,
  StartWorker,
  StartCollector,
  // Faults.
  BreakConnection,
  RepeatMessage,
  KillWorker,
  KillCollector,
  StopCollector,
  ChangeDuty,
  ToggleFullDisk,
  ToggleLock,
  JumpClock,
};
inline constexpr std::size_t kDeeds = static_cast<std::size_t>(Deed::JumpClock) + 1;

struct Temper {
  std::size_t steps = 0;
  std::size_t workers = 0;
  traffic::SpoolLimits limits;
  std::chrono::milliseconds commit_interval{0};
  std::array<std::size_t, kDeeds> weights{};
  std::size_t doomed_in_hundred = 0;  // processes that die at a crash point
  // Where they die most: what follows from one death often shows only with the next one, at the right place.
  std::array<std::string_view, 4> favourites_of_workers;
  std::array<std::string_view, 3> favourites_of_collectors;
  std::size_t long_records_in_hundred = 0;

  Deed draw(Random& random) const;
  Fate draw_fate(Role role, Random& random) const;
};

Temper draw_temper(Random& random);

}  // namespace weir::simulation
