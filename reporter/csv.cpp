#include "reporter/csv.h"

#include "reporter/float_text.h"

namespace weir::reporter {

namespace {

void append_text(std::string& csv, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    csv += text;
    return;
  }
  csv += '"';
  for (const char character : text) {
    csv += character;
    if (character == '"') {
      csv += '"';
    }
  }
  csv += '"';
}

}  // namespace

std::string_view csv_header() {
  return "id,timestamp,source_ip,dest_host,dest_port,method,protocol,bytes_sent,bytes_received,duration,ttfb\n";
}

void append_csv(std::string& csv, const ExportRow& row) {
  csv += std::to_string(row.id) + ',';
  for (const std::string_view text : {row.timestamp, row.source_ip, row.host}) {
    append_text(csv, text);
    csv += ',';
  }
  csv += std::to_string(row.port) + ',';
  for (const std::string_view text : {row.method, row.protocol}) {
    append_text(csv, text);
    csv += ',';
  }
  csv += std::to_string(row.bytes_sent) + ',' + std::to_string(row.bytes_received) + ',' + float_text(row.duration_s) + ',';
  if (row.ttfb_s) {
    csv += float_text(*row.ttfb_s);
  }
  csv += '\n';
}

}  // namespace weir::reporter
