// A data directory as a worker, a collector and their crash leave it, for the tests to damage: made by the same code that
// makes real ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/recorder.h"
#include "proxy_worker/traffic/spool.h"
#include "reporter/verify/verification.h"
#include "tests/support/temporary_folder.h"
#include "traffic_event.pb.h"

namespace weir::verify::testing {

class Installation {
 public:
  Installation();

  const std::filesystem::path& data_dir() const { return folder_.path(); }
  std::filesystem::path log(const std::string& name) const { return data_dir() / name; }
  std::filesystem::path segment(int worker) const;

  // What a worker does: its spool takes events of a host; some are sent, committed and acknowledged.
  void record(int worker, int count, const std::string& host = "www.example.com");
  void record_event(int worker, const proto::TrafficEvent& event);
  void deliver(int worker);                       // all that is in its spool
  void deliver_without_acknowledgement(int worker);  // the worker or the collector dies in between
  // From now on the collector runs with its JSON logs on or off.
  void start_collector(collector::JsonLogs json_logs);
  std::string stream_id(int worker);
  // Nothing runs any more.
  void stop();

  // Statements of a writer of its own; the collector is stopped for it.
  void execute(const std::string& sql);
  std::int64_t integer(const std::string& sql);

  Verification verify(LedgerReader::Depth depth = LedgerReader::Depth::Quick);

 private:
  traffic::Spool& spool(int worker);

  tests::TemporaryFolder folder_;
  std::unique_ptr<collector::Recorder> recorder_;
  std::vector<std::optional<traffic::Spool>> spools_;
};

// The check of that name, and one of its numbers.
const Check& check_of(const Verification& verification, const std::string& name);
std::uint64_t number_of(const Verification& verification, const std::string& check, const std::string& name);
// Names of the checks that failed.
std::vector<std::string> failed(const Verification& verification);

std::string content_of(const std::filesystem::path& path);
void write(const std::filesystem::path& path, const std::string& content);
std::vector<std::string> lines_of(const std::filesystem::path& path);

}  // namespace weir::verify::testing
