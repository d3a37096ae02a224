#include "tests/simulation/temper.h"

#include <numeric>

namespace weir::simulation {

namespace {

// Of the calm deeds; faults are drawn.
constexpr std::array<std::size_t, kDeeds> kUsual{60, 20, 10, 55, 40, 40, 30, 15, 20, 25, 20};

}  // namespace

Deed Temper::draw(Random& random) const {
  std::size_t at = random.below(std::accumulate(weights.begin(), weights.end(), std::size_t{0}));
  std::size_t deed = 0;
  while (at >= weights[deed]) {
    at -= weights[deed++];
  }
  return static_cast<Deed>(deed);
}

Fate Temper::draw_fate(Role role, Random& random) const {
  if (random.below(100) >= doomed_in_hundred) {
    return Fate();
  }
  std::span<const std::string_view> points = crash_points(role);
  const bool is_usual = !random.is_one_of(3);
  if (is_usual) {
    points = role == Role::Worker ? std::span<const std::string_view>(favourites_of_workers) : favourites_of_collectors;
  } else if (random.is_one_of(2)) {
    points = rare_crash_points(role);
  }
  const std::string_view point = points[random.below(points.size())];
  return Fate(point, random.is_one_of(2) ? 1 : random.between(1, is_usual ? 4 : 20));
}

Temper draw_temper(Random& random) {
  Temper temper;
  temper.steps = random.between(60, 700);
  temper.workers = random.between(1, 3);
  temper.limits.segment_bytes = std::size_t{1024} << random.below(2);
  temper.limits.total_bytes = temper.limits.segment_bytes * random.between(3, random.is_one_of(2) ? 4 : 12);
  temper.limits.when_full = random.is_one_of(2) ? traffic::SpoolLimits::WhenFull::Refuse : traffic::SpoolLimits::WhenFull::DropOldest;
  temper.commit_interval = std::chrono::milliseconds(std::size_t{10} << random.below(5));
  temper.doomed_in_hundred = random.is_one_of(4) ? 0 : random.between(30, 90);
  for (std::string_view& point : temper.favourites_of_workers) {
    point = crash_points(Role::Worker)[random.below(crash_points(Role::Worker).size())];
  }
  for (std::string_view& point : temper.favourites_of_collectors) {
    point = crash_points(Role::Collector)[random.below(crash_points(Role::Collector).size())];
  }
  temper.long_records_in_hundred = random.is_one_of(4) ? random.between(1, 20) : 0;
  temper.weights = kUsual;
  for (std::size_t deed = 0; deed < kDeeds; ++deed) {
    std::size_t& weight = temper.weights[deed];
    if (deed >= static_cast<std::size_t>(Deed::BreakConnection)) {
      weight = random.is_one_of(2) ? 0 : random.between(1, 8);
    } else if (random.is_one_of(4)) {
      weight = 1 + weight / 4;
    }
  }
  if (random.is_one_of(5)) {
    // The collector is hardly ever there: spools reach their limits.
    temper.workers = 1;
    temper.limits.total_bytes = temper.limits.segment_bytes * random.between(3, 4);
    temper.weights[static_cast<std::size_t>(Deed::StartCollector)] = 1;
    temper.weights[static_cast<std::size_t>(Deed::KillCollector)] = 10;
  }
  return temper;
}

}  // namespace weir::simulation
