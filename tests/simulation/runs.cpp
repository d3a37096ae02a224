#include "tests/simulation/runs.h"

#include <stdlib.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>
#include <vector>

#include "collector/record_store.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

namespace {

constexpr const char* kMemory = "/dev/shm";

std::filesystem::path make_folder() {
  const auto parent = ::access(kMemory, W_OK) == 0 ? std::filesystem::path(kMemory) : std::filesystem::temp_directory_path();
  std::string pattern = (parent / "weir simulation XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("cannot create " + pattern);
  }
  return pattern;
}

}  // namespace

Runs::Runs() : folder_(make_folder()) {
  put_disk_under_sqlite();
  make_new_database();
}

Runs::~Runs() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// Copied for each run: to make one takes as long as a run. Without the views, which nobody here needs and every process
// that opens it would parse.
void Runs::make_new_database() {
  store::Error error;
  const auto records = collector::RecordStore::open(folder_ / "new.db", store::Survives::Kill, error);
  std::vector<std::string> views;
  if (auto select = records ? records->database().prepare("list views", "SELECT name FROM sqlite_schema WHERE type = 'view'", error)
                            : std::nullopt) {
    while (select->step() == store::Step::Row) {
      views.emplace_back(select->text(0));
    }
  }
  for (const std::string& view : views) {
    if (!records->database().execute("drop view", "DROP VIEW " + view, error)) {
      throw std::runtime_error(error.message);
    }
  }
  if (views.empty()) {
    throw std::runtime_error("no new database: " + error.message);
  }
}

std::optional<Finding> Runs::run(std::uint64_t first, std::uint64_t count, std::string_view bug) {
  faults().planted = bug;
  std::optional<Finding> finding;
  for (std::uint64_t seed = first; seed < first + count && !finding; ++seed) {
    finding = run_one(seed);
  }
  faults().planted = {};
  return finding;
}

std::optional<Finding> Runs::run_one(std::uint64_t seed) {
  const std::filesystem::path data_dir = folder_ / "data";
  std::optional<Finding> finding;
  {
    Simulation simulation(seed, data_dir, folder_ / "new.db");
    try {
      simulation.run();
    } catch (const Violation& violation) {
      finding = {seed, trace().step(), violation.what()};
    }
    requests_ += simulation.requests().size();
  }
  std::filesystem::remove_all(data_dir);
  return finding;
}

}  // namespace weir::simulation
