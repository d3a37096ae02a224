// Every SELECT of the reporter. It only reads, also while the collector writes. An export reads a page of rows at a time,
// so that a slow taker of it (a pager, a pipe over ssh) holds no snapshot for hours, which would keep the collector's
// write-ahead log growing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "common/store/database.h"
#include "reporter/csv.h"
#include "reporter/summary.h"

namespace weir::reporter {

// Which of the served requests a report is about.
struct Selection {
  // Both included. Ids are microseconds since the epoch at the end of a request.
  std::int64_t first_id = 0;
  std::int64_t last_id = std::numeric_limits<std::int64_t>::max();
  // As fnmatch(3), whatever the case; empty: all.
  std::string domain_pattern;

  bool matches(const std::string& domain) const;
};

// What the caller of a query wants after it was shown a row.
enum class Next { Continue, Stop };

class Queries {
 public:
  // On failure `error` is a line for the user: where the database was looked for, what is wrong and what to do.
  static std::optional<Queries> open(const std::filesystem::path& data_dir, std::string& error);

  // `go_on` is asked at each row. False with `error` when the database failed; stopping is no failure.
  [[nodiscard]] bool summarise(const Selection& selection, const std::function<Next()>& go_on, Summary& summary, std::string& error);

  // Shows each selected row to `take`, in the order of ids, and asks `go_on` before each page, with the first id of it.
  [[nodiscard]] bool export_rows(const Selection& selection, const std::function<Next(const ExportRow&)>& take,
                                 const std::function<Next(std::int64_t id)>& go_on, std::string& error);

  // `selection` without the ids before the first and after the last request there is, of any outcome.
  [[nodiscard]] std::optional<Selection> narrow(const Selection& selection, std::string& error);

 private:
  Queries(store::Database database, std::filesystem::path path, bool is_empty)
      : database_(std::move(database)), path_(std::move(path)), is_empty_(is_empty) {}

  [[nodiscard]] bool count_observed(const Selection& selection, Summary& summary, std::string& error);
  bool fail(const store::Error& failure, std::string& error) const;

  store::Database database_;
  std::filesystem::path path_;
  bool is_empty_;  // the collector has not made its tables yet
};

}  // namespace weir::reporter
