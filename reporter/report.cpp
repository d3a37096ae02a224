#include "reporter/report.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <system_error>

#include "reporter/chart.h"
#include "reporter/csv.h"
#include "reporter/gnuplot.h"
#include "reporter/interruption.h"
#include "reporter/progress.h"
#include "reporter/summary_json.h"
#include "reporter/summary_text.h"

namespace weir::reporter {

namespace {

constexpr std::chrono::seconds kChartPatience{30};
constexpr std::size_t kCsvBufferBytes = 256 * 1024;

std::int64_t id_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

Selection selection_of(const options::Report& wanted) {
  Selection selection{.first_id = wanted.since ? id_of(*wanted.since) : 0, .domain_pattern = wanted.domain};
  if (wanted.until) {
    selection.last_id = id_of(*wanted.until) - 1;
  }
  return selection;
}

bool is_to_standard_output(const std::filesystem::path& path) { return path == "-"; }

bool is_verification_consistent(const options::Report& wanted, std::string& error) {
  if (wanted.summary || wanted.write_summary || !wanted.csv.empty() || !wanted.chart.empty()) {
    error = "--verify makes no report; call the reporter once more for that";
    return false;
  }
  if (wanted.since || wanted.until || !wanted.domain.empty()) {
    error = "--verify looks at everything: --since, --until and --domain do not go with it";
    return false;
  }
  return true;
}

bool is_explanation_consistent(const options::Report& wanted, std::string& error) {
  if (wanted.lists && (!wanted.explain.empty() || wanted.client)) {
    error = "--lists and --explain are two questions; call the reporter twice";
    return false;
  }
  if (wanted.summary || wanted.write_summary || wanted.verify || !wanted.csv.empty() || !wanted.chart.empty()) {
    error = std::string(wanted.lists ? "--lists" : "--explain") + " makes no report; call the reporter once more for that";
    return false;
  }
  return true;
}

// A bare call asks for the summary.
bool is_summary_wanted(const options::Report& wanted) {
  return wanted.summary || (!wanted.json && !wanted.write_summary && wanted.csv.empty() && wanted.chart.empty());
}

// The rows on their way into a file, and how far they are.
class CsvExport {
 public:
  CsvExport(const Selection& selection, OutputFile& file, std::string& error)
      : selection_(selection), file_(file), error_(error), buffer_(csv_header()) {}

  Next take(const ExportRow& row) {
    append_csv(buffer_, row);
    return buffer_.size() < kCsvBufferBytes || flush() ? Next::Continue : Next::Stop;
  }

  Next go_on(std::int64_t id) {
    const auto span = static_cast<double>(selection_.last_id - selection_.first_id);
    progress_.show(static_cast<double>(id - selection_.first_id) / std::max(span, 1.0));
    return is_interrupted() ? Next::Stop : Next::Continue;
  }

  bool flush() {
    is_failed_ = is_failed_ || !file_.write(buffer_, error_);
    buffer_.clear();
    return !is_failed_;
  }

 private:
  const Selection& selection_;
  OutputFile& file_;
  std::string& error_;
  std::string buffer_;
  Progress progress_;
  bool is_failed_ = false;
};

}  // namespace

bool is_consistent(const options::Report& wanted, std::string& error) {
  if (!wanted.explain.empty() || wanted.lists) {
    return is_explanation_consistent(wanted, error);
  }
  if (wanted.client) {
    error = "--client goes with --explain";
    return false;
  }
  if (wanted.verify) {
    return is_verification_consistent(wanted, error);
  }
  if (wanted.full) {
    error = "--full goes with --verify";
    return false;
  }
  const int on_standard_output = (wanted.summary ? 1 : 0) + (wanted.json ? 1 : 0) + (is_to_standard_output(wanted.csv) ? 1 : 0);
  if (on_standard_output > 1) {
    error = "only one of --summary, --json and --csv - can go to standard output; give --csv a file, or call the reporter twice";
    return false;
  }
  if (wanted.since && wanted.until && *wanted.since > *wanted.until) {
    error = "--since is later than --until: no request can be in between";
    return false;
  }
  return true;
}

int Report::make() {
  std::string error;
  auto queries = Queries::open(data_dir_, error);
  if (!queries) {
    complain(error);
    return exit_status_;
  }
  selection_ = selection_of(wanted_);
  const bool is_summary_needed = is_summary_wanted(wanted_) || wanted_.json || wanted_.write_summary || !wanted_.chart.empty();
  if (is_summary_needed && summarise(*queries)) {
    if (is_summary_wanted(wanted_)) {
      print(summary_text(summary_, wanted_.top) + "\n");
    }
    if (wanted_.json) {
      print(summary_json(summary_) + "\n");
    }
    if (!wanted_.chart.empty()) {
      write_chart(wanted_.chart);
    }
    if (wanted_.write_summary) {
      write_summary_files();
    }
  }
  if (!wanted_.csv.empty() && !is_interrupted()) {
    export_csv(*queries);
  }
  return exit_status_;
}

bool Report::summarise(Queries& queries) {
  std::string error;
  const auto go_on = [] { return is_interrupted() ? Next::Stop : Next::Continue; };
  if (!queries.summarise(selection_, go_on, summary_, error)) {
    complain(error);
    return false;
  }
  return !is_interrupted();
}

void Report::print(const std::string& text) {
  std::string error;
  OutputFile file = OutputFile::standard_output();
  if (!file.write(text, error)) {
    complain(file, error);
  }
}

void Report::write_file(const std::filesystem::path& path, const std::string& content) {
  std::string error;
  auto file = OutputFile::create(path, error);
  if (!file) {
    complain(error);
  } else if (!file->write(content, error) || !file->commit(error)) {
    complain(*file, error);
  }
}

void Report::write_chart(const std::filesystem::path& path) {
  std::string error;
  const ImageFormat format = path.extension() == ".svg" ? ImageFormat::Svg : ImageFormat::Png;
  auto file = OutputFile::create(path, error);
  if (!file) {
    complain(error);
  } else if (!draw_with_gnuplot(chart_script(summary_, wanted_.top, format), file->fd(), kChartPatience, error)) {
    complain(path.string() + ": " + error);
  } else if (!file->commit(error)) {
    complain(*file, error);
  }
}

void Report::write_summary_files() {
  const auto folder = data_dir_ / "Summary Logs";
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    complain("cannot make the folder " + folder.string() + ": " + failure.message());
    return;
  }
  write_file(folder / "summary_report.txt", summary_text(summary_, wanted_.top));
  write_file(folder / "summary.json", summary_json(summary_));
  write_chart(folder / "top_domains.png");
}

void Report::export_csv(Queries& queries) {
  std::string error;
  const auto selection = queries.narrow(selection_, error);
  auto file = !selection                        ? std::nullopt
              : is_to_standard_output(wanted_.csv) ? std::optional(OutputFile::standard_output())
                                                   : OutputFile::create(wanted_.csv, error);
  if (!file) {
    complain(error);
    return;
  }
  CsvExport csv(*selection, *file, error);
  const bool is_read = queries.export_rows(
      *selection, [&csv](const ExportRow& row) { return csv.take(row); }, [&csv](std::int64_t id) { return csv.go_on(id); }, error);
  if (!is_read || !csv.flush() || !file->commit(error)) {
    complain(*file, error);
  }
}

void Report::complain(const std::string& line) {
  exit_status_ = 1;
  // An interruption is no news to the one who caused it.
  if (!is_interrupted()) {
    std::fprintf(stderr, "reporter: %s\n", line.c_str());
  }
}

void Report::complain(const OutputFile& file, const std::string& line) {
  if (!file.is_reader_gone()) {
    complain(line);
  }
}

}  // namespace weir::reporter
