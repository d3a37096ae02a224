#include "reporter/csv.h"

#include <gtest/gtest.h>

namespace weir::reporter {
namespace {

std::string csv_of(const ExportRow& row) {
  std::string csv;
  append_csv(csv, row);
  return csv;
}

ExportRow plain_row() {
  return {.id = 7, .timestamp = "2026-03-01T09:00:00.000000", .source_ip = "127.0.0.1", .host = "www.meadow.example", .port = 443,
          .method = "CONNECT", .protocol = "HTTPS", .bytes_sent = 10, .bytes_received = 20, .duration_s = 2.5, .ttfb_s = 0.25};
}

TEST(Csv, WritesTheColumnsInTheOrderOfTheHeader) {
  EXPECT_EQ(csv_header(), "id,timestamp,source_ip,dest_host,dest_port,method,protocol,bytes_sent,bytes_received,duration,ttfb\n");
  EXPECT_EQ(csv_of(plain_row()), "7,2026-03-01T09:00:00.000000,127.0.0.1,www.meadow.example,443,CONNECT,HTTPS,10,20,2.5,0.25\n");
}

TEST(Csv, LeavesAMissingTtfbEmpty) {
  ExportRow row = plain_row();
  row.ttfb_s.reset();
  EXPECT_TRUE(csv_of(row).ends_with(",2.5,\n"));
}

TEST(Csv, QuotesOnlyFieldsThatNeedIt) {
  ExportRow row = plain_row();
  row.host = "a,b";
  EXPECT_NE(csv_of(row).find(",\"a,b\","), std::string::npos);
  row.host = "say \"hi\"";
  EXPECT_NE(csv_of(row).find(",\"say \"\"hi\"\"\","), std::string::npos);
  row.host = "two\r\nlines";
  EXPECT_NE(csv_of(row).find(",\"two\r\nlines\","), std::string::npos);
}

TEST(Csv, KeepsWhatASpreadsheetWouldTakeForAFormula) {
  ExportRow row = plain_row();
  row.host = "=1+1";
  EXPECT_NE(csv_of(row).find(",=1+1,"), std::string::npos);
}

}  // namespace
}  // namespace weir::reporter
