// Served requests as CSV: the columns, number forms and line ends of the original tool's traffic_export.csv. Fields are
// quoted where RFC 4180 asks for it. No value is altered: one that a spreadsheet would take for a formula stays as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::reporter {

// A row of the view `requests`. Text is borrowed.
struct ExportRow {
  std::int64_t id = 0;
  std::string_view timestamp;
  std::string_view source_ip;
  std::string_view host;
  std::int64_t port = 0;
  std::string_view method;
  std::string_view protocol;
  std::int64_t bytes_sent = 0;
  std::int64_t bytes_received = 0;
  double duration_s = 0;
  std::optional<double> ttfb_s;  // an empty field when there is none
};

std::string_view csv_header();
void append_csv(std::string& csv, const ExportRow& row);

}  // namespace weir::reporter
