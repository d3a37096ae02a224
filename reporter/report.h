// What a user asked the reporter for, made from the database and put where it belongs.
#pragma once

#include <filesystem>
#include <string>

#include "common/options/settings.h"
#include "reporter/output_file.h"
#include "reporter/queries.h"
#include "reporter/summary.h"

namespace weir::reporter {

// Whether the options can be fulfilled together; if not, `error` is a line that says why.
[[nodiscard]] bool is_consistent(const options::Report& wanted, std::string& error);

class Report {
 public:
  explicit Report(const options::Settings& settings) : wanted_(settings.report), data_dir_(settings.data_dir) {}

  // Makes all that is wanted, and gives the exit status: 0, or 1 after a line on standard error for each thing that
  // failed. When whoever reads our standard output goes away, that is the end, without a word.
  int make();

 private:
  bool summarise(Queries& queries);
  void print(const std::string& text);
  void write_file(const std::filesystem::path& path, const std::string& content);
  void write_chart(const std::filesystem::path& path);
  void write_summary_files();
  void export_csv(Queries& queries);
  void complain(const std::string& line);
  void complain(const OutputFile& file, const std::string& line);

  const options::Report& wanted_;
  const std::filesystem::path& data_dir_;
  Selection selection_;
  Summary summary_;
  int exit_status_ = 0;
};

}  // namespace weir::reporter
