// The account of one stream: its events are numbered from 1 to its position, and each number must stand in one row or in
// one gap. Rows, of requests and of their progress, come in any order. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reporter/verify/check.h"
#include "reporter/verify/number_set.h"

namespace weir::verify {

// Events that are lost for good, as the collector recorded it.
struct Gap {
  std::int64_t first_sequence = 0;
  std::int64_t last_sequence = 0;
  std::int64_t noticed_at_us = 0;
  // When the events before and behind it were; nothing when there are none, or an earlier Weir recorded the gap.
  std::optional<std::int64_t> after_us;
  std::optional<std::int64_t> before_us;
};

// Where an event stands.
enum class Table { Request, Progress };

class StreamAccount {
 public:
  StreamAccount(std::string stream_id, std::int64_t last_sequence) : stream_id_(std::move(stream_id)), last_sequence_(last_sequence) {}

  void add_row(Table table, std::int64_t row_id, std::int64_t sequence);
  void add_gap(const Gap& gap) { gaps_.push_back(gap); }

  const std::string& stream_id() const { return stream_id_; }
  // 0 when the database has a negative one, which judge() reports.
  std::uint64_t position() const { return last_sequence_ > 0 ? static_cast<std::uint64_t>(last_sequence_) : 0; }

  struct Totals {
    std::uint64_t rows = 0;
    std::uint64_t events_in_gaps = 0;
    std::uint64_t missing = 0;    // in no row and no gap
    std::uint64_t repeated = 0;   // further rows with a number that stands in one already
    std::uint64_t misplaced = 0;  // rows with a number outside 1 to the position

    void add(const Totals& other);
  };
  // Reports what does not add up to `check`, and each gap as a note.
  Totals judge(Check& check) const;

 private:
  // The first few rows of a kind, and how many there are.
  struct Sample {
    struct Row {
      Table table;
      std::int64_t id;
      std::int64_t sequence;
    };
    std::vector<Row> rows;
    std::uint64_t count = 0;

    void add(Row row);
  };

  void report(Check& check, const Sample& sample, const std::string& what) const;
  // The valid parts of the gaps, in order and without overlaps.
  std::vector<Range> judge_gaps(Check& check) const;

  std::string stream_id_;
  std::int64_t last_sequence_;
  std::vector<Gap> gaps_;
  NumberSet sequences_;  // of rows, from 1 to the position
  std::uint64_t row_count_ = 0;
  Sample repeated_;
  Sample misplaced_;
};

}  // namespace weir::verify
