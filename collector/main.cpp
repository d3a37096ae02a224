// The collector: takes the workers' records and writes them into the database and the JSON logs.
#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "collector/collector.h"
#include "collector/key_files.h"
#include "collector/log_name.h"
#include "common/base/disk_sync.h"
#include "common/base/file_lock.h"
#include "common/base/log.h"
#include "common/base/service_process.h"
#include "common/ledger/collector_endpoint.h"
#include "common/ledger/curve_keys.h"
#include "common/live/collector_status.h"
#include "common/options/command_line.h"

namespace {

using namespace weir;

constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;
// An earlier collector may be writing its last transaction.
constexpr std::chrono::milliseconds kLockPatience(0);

int fail(int status, const std::string& message) {
  base::log_error(message);
  return status;
}

bool make_folders(const std::filesystem::path& data_dir, std::string& error) {
  for (const std::string_view name : {"", "run", "Database", "Website Traffic", "Blocked Logs"}) {
    std::error_code failed;
    std::filesystem::create_directories(data_dir / name, failed);
    if (failed) {
      error = (data_dir / name).string() + ": cannot create: " + failed.message();
      return false;
    }
  }
  return true;
}

// What holds off a second collector: on the data directory, on the database (which another data directory may lead to),
// and on a socket elsewhere, which ZeroMQ would take over without a word.
struct Locks {
  std::vector<base::FileLock> held;

  bool add(std::optional<base::FileLock> lock) {
    if (lock) {
      held.push_back(std::move(*lock));
    }
    return lock.has_value();
  }
};

bool take_locks(const options::Settings& settings, const ledger::CollectorEndpoint& endpoint, Locks& locks, std::string& error) {
  const auto taken = [&error](std::string_view what) {
    error = "another collector works on this " + std::string(what) + ": " + error;
    return false;
  };
  if (!locks.add(base::FileLock::acquire(settings.data_dir / "run" / "collector.lock", kLockPatience, error))) {
    return taken("data directory");
  }
  if (!locks.add(base::FileLock::acquire_folder(settings.data_dir / "Database", error))) {
    return taken("database");
  }
  if (!endpoint.socket.empty() && !settings.collector_endpoint.empty() &&
      !locks.add(base::FileLock::acquire(endpoint.socket.native() + ".lock", kLockPatience, error))) {
    return taken("endpoint");
  }
  return true;
}

// New names are on the disk only when their folders are.
bool sync_folders(const std::filesystem::path& data_dir, std::string& error) {
  return base::sync_folder(std::filesystem::absolute(data_dir).parent_path(), error) && base::sync_folder(data_dir, error) &&
         base::sync_folder(data_dir / "run", error);
}

struct Wire {
  ledger::CollectorEndpoint endpoint;
  std::optional<ledger::CollectorKeys> keys;
};

std::optional<Wire> read_wire(const options::Settings& settings, std::string& error) {
  auto endpoint = ledger::collector_endpoint(settings.collector_endpoint, ledger::CollectorEndpoint::Side::Listens, settings.data_dir, error);
  if (!endpoint) {
    return std::nullopt;
  }
  Wire wire{std::move(*endpoint), {}};
  if (wire.endpoint.kind == ledger::CollectorEndpoint::Kind::Network) {
    wire.keys = ledger::read_collector_keys(settings.collector_keys, error);
    if (!wire.keys) {
      return std::nullopt;
    }
  }
  return wire;
}

int make_keys(const std::filesystem::path& folder) {
  std::string error;
  if (!collector::generate_keys(folder, error)) {
    return fail(kFailed, error);
  }
  base::log_info("made keys in " + folder.string() + "; hosts of workers need collector.public and worker.secret, the collector's host the others");
  return EXIT_SUCCESS;
}

std::unique_ptr<collector::Recorder> open_recorder(const options::Settings& settings, store::Error& error) {
  const bool is_synced = settings.durability == options::Durability::Power;
  auto recorder = collector::Recorder::open(settings.data_dir,
                                            {.json_logs = settings.json_logs ? collector::JsonLogs::On : collector::JsonLogs::Off,
                                             .survives = is_synced ? store::Survives::PowerFailure : store::Survives::Kill},
                                            error);
  return recorder && (!is_synced || sync_folders(settings.data_dir, error.message)) ? std::move(recorder) : nullptr;
}

int run(const options::Settings& settings) {
  std::string error;
  auto signals = collector::SignalQueue::open(error);
  if (!signals || !make_folders(settings.data_dir, error)) {
    return fail(kFailed, error);
  }
  const auto wire = read_wire(settings, error);
  if (!wire) {
    return fail(kBadConfiguration, error);
  }
  Locks locks;
  if (!take_locks(settings, wire->endpoint, locks, error)) {
    return fail(kFailed, error);
  }
  auto status = live::CollectorStatusFile::open(settings.data_dir / "run" / "collector_status", error);
  if (!status) {
    return fail(kFailed, error);
  }
  store::Error failed;
  const auto recorder = open_recorder(settings, failed);
  if (!recorder) {
    status->note_error(failed.message);
    const bool is_for_a_person = failed.failure == store::Failure::NotADatabase || failed.failure == store::Failure::Unsuitable;
    return fail(is_for_a_person ? kBadConfiguration : kFailed, failed.message);
  }
  const auto receiver = collector::Receiver::bind(wire->endpoint.address, wire->keys, error);
  if (!receiver) {
    status->note_error(error);
    return fail(kFailed, error);
  }
  base::notify_starter("READY=1");
  base::log_info("recording into " + (settings.data_dir / "Database" / "proxy_traffic.db").string());
  return collector::Collector(*receiver, *recorder, *signals, *status, settings.commit_interval).run();
}

}  // namespace

int main(int argc, char** argv) {
  options::Settings settings;
  if (const auto status = options::read_options(options::kCollector, argc, argv, settings)) {
    return *status;
  }
  base::start_log("collector", settings.log_level);
  if (!base::follow_supervisor()) {
    return EXIT_SUCCESS;
  }
  ::umask(077);
  ::tzset();
  return settings.generate_keys.empty() ? run(settings) : make_keys(settings.generate_keys);
}
