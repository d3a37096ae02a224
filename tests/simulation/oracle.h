// Says whether the database and the JSON logs tell what really happened. While a run goes on it looks at every
// acknowledgement, and at its end at everything.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "collector/batch.h"
#include "common/store/database.h"
#include "tests/simulation/request_book.h"

namespace weir::simulation {

// Something does not add up.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Oracle {
 public:
  // The database exists. All outlive the oracle.
  Oracle(const std::filesystem::path& data_dir, const RequestBook& book);

  // Before an acknowledgement is sent: whether everything up to there is in the database.
  void check_acknowledgement(const collector::Reply& reply);
  // When everything has been delivered.
  void check_all();

 private:
  struct Row {
    std::int64_t id = 0;
    std::uint64_t request = 0;
    int outcome = 0;
    EventNumber number;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t told_sent = 0;
    std::uint64_t told_received = 0;
  };
  struct Gap {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };

  store::Statement prepare(const std::string& sql);
  std::vector<Row> read_rows(const std::string& table, const std::string& columns);
  void read_gaps();
  void check_streams();
  void check_request(const Request& request);
  void check_octets(const Request& request, const Row& row);
  void check_log_lines();
  bool is_in_gap(const EventNumber& number) const;

  std::filesystem::path data_dir_;
  const RequestBook& book_;
  store::Database database_;
  store::Statement position_;
  store::Statement covered_;

  // What check_all() has read.
  std::map<std::uint64_t, std::vector<Row>> rows_;      // by request
  std::map<std::uint64_t, std::vector<Row>> progress_;  // by request
  std::map<std::string, std::vector<Gap>> gaps_;        // by stream
};

}  // namespace weir::simulation
