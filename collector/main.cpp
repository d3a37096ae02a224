// The collector: takes the workers' records and writes them into the database and the JSON logs.
#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <system_error>

#include "collector/collector.h"
#include "collector/log_name.h"
#include "common/base/file_lock.h"
#include "common/base/log.h"
#include "common/base/service_process.h"
#include "common/ledger/ipc_endpoint.h"
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

int run(const options::Settings& settings) {
  std::string error;
  auto signals = collector::SignalQueue::open(error);
  if (!signals || !make_folders(settings.data_dir, error)) {
    return fail(kFailed, error);
  }
  const auto lock = base::FileLock::acquire(settings.data_dir / "run" / "collector.lock", kLockPatience, error);
  if (!lock) {
    return fail(kFailed, "another collector works on this data directory: " + error);
  }
  store::Error failed;
  const auto json_logs = settings.json_logs ? collector::JsonLogs::On : collector::JsonLogs::Off;
  const auto recorder = collector::Recorder::open(settings.data_dir, {.json_logs = json_logs}, failed);
  if (!recorder) {
    const bool is_for_a_person = failed.failure == store::Failure::NotADatabase || failed.failure == store::Failure::Unsuitable;
    return fail(is_for_a_person ? kBadConfiguration : kFailed, failed.message);
  }
  const auto endpoint = ledger::ipc_endpoint(settings.data_dir / "run" / "collector.sock", error);
  const auto receiver = endpoint ? collector::Receiver::bind(endpoint->address, error) : nullptr;
  if (!receiver) {
    return fail(kFailed, error);
  }
  base::notify_starter("READY=1");
  base::log_info("recording into " + (settings.data_dir / "Database" / "proxy_traffic.db").string());
  return collector::Collector(*receiver, *recorder, *signals, settings.commit_interval).run();
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
  return run(settings);
}
