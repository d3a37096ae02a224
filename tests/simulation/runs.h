// Many seeds one after the other, in a folder of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir::simulation {

struct Finding {
  std::uint64_t seed = 0;
  std::size_t step = 0;
  std::string what;
};

class Runs {
 public:
  // In memory where the system allows it.
  Runs();
  ~Runs();
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  // Runs the seeds from `first` on, with that bug planted or none, until one finds something.
  std::optional<Finding> run(std::uint64_t first, std::uint64_t count, std::string_view bug = {});
  // How many requests there were in all runs.
  std::uint64_t requests() const { return requests_; }

 private:
  std::optional<Finding> run_one(std::uint64_t seed);
  void make_new_database();

  std::filesystem::path folder_;
  std::uint64_t requests_ = 0;
};

}  // namespace weir::simulation
