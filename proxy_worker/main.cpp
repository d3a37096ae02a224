// proxy_worker: parses options, puts a worker together and runs it.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "common/base/log.h"
#include "common/base/service_process.h"
#include "common/ledger/collector_endpoint.h"
#include "common/ledger/curve_keys.h"
#include "common/options/command_line.h"
#include "common/policy/policy_file.h"
#include "proxy_worker/net/socket.h"
#include "proxy_worker/session/compiler_process.h"
#include "proxy_worker/session/worker.h"
#include "proxy_worker/traffic/delivery.h"
#include "proxy_worker/traffic/shipper.h"

namespace {

using namespace weir;

constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;

int refuse(int status, const std::string& error) {
  std::fprintf(stderr, "proxy_worker: %s\n", error.c_str());
  return status;
}

// Before ZeroMQ starts its thread, so that these reach nobody but the event loop.
void block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool make_private_folder(const std::filesystem::path& path, std::string& error) {
  std::error_code failure;
  const bool is_new = std::filesystem::create_directories(path, failure);
  if (failure) {
    error = path.string() + ": cannot create: " + failure.message();
    return false;
  }
  if (is_new) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, failure);
  }
  return true;
}

std::vector<base::UniqueFd> listening_sockets(const options::Settings& settings, std::string& error) {
  std::vector<base::UniqueFd> sockets = base::take_passed_sockets();
  if (!sockets.empty()) {
    return sockets;
  }
  for (const base::SocketAddress& address : settings.listen) {
    sockets.push_back(net::listen_on(address, error));
    if (!sockets.back().is_open()) {
      return {};
    }
  }
  return sockets;
}

// Where the collector is, and the keys for it.
struct Way {
  ledger::CollectorEndpoint endpoint;
  std::optional<ledger::WorkerKeys> keys;
};

std::optional<Way> read_way(const options::Settings& settings, std::string& error) {
  auto endpoint = ledger::collector_endpoint(settings.collector_endpoint, ledger::CollectorEndpoint::Side::Connects, settings.data_dir, error);
  if (!endpoint) {
    return std::nullopt;
  }
  Way way{std::move(*endpoint), {}};
  if (way.endpoint.kind == ledger::CollectorEndpoint::Kind::Network) {
    way.keys = ledger::read_worker_keys(settings.collector_keys, error);
    if (!way.keys) {
      return std::nullopt;
    }
  }
  return way;
}

// The way of a record, from the spool to the collector.
struct Ledger {
  traffic::Spool spool;
  traffic::InFlightTable in_flight;
  ledger::CollectorEndpoint endpoint;
  std::unique_ptr<traffic::SpoolSync> sync;  // with --durability power
  traffic::Shipper shipper;

  Ledger(net::EventLoop& loop, const options::Settings& settings, traffic::Spool opened, const std::filesystem::path& folder, Way way)
      : spool(std::move(opened)),
        in_flight(folder),
        endpoint(std::move(way.endpoint)),
        sync(settings.durability == options::Durability::Power ? std::make_unique<traffic::SpoolSync>(loop, spool) : nullptr),
        shipper(loop, spool, {endpoint.address, std::move(way.keys)}, sync.get()) {}
};

std::unique_ptr<Ledger> open_ledger(net::EventLoop& loop, const options::Settings& settings, Way way, std::string& error) {
  const std::string name = "worker-" + std::to_string(settings.worker_id);
  const auto folder = settings.data_dir / "spool" / name;
  traffic::SpoolLimits limits{.total_bytes = settings.spool_bytes_max};
  if (settings.when_spool_full == options::WhenSpoolFull::Refuse) {
    limits.when_full = traffic::SpoolLimits::WhenFull::Refuse;
  }
  auto spool = traffic::Spool::open(folder, name, limits, error);
  return spool ? std::make_unique<Ledger>(loop, settings, std::move(*spool), folder, std::move(way)) : nullptr;
}

void record_interrupted(traffic::TrafficLog& log) {
  if (const std::size_t interrupted = log.record_interrupted(); interrupted > 0) {
    base::log_warning("the process before this one was killed: " + std::to_string(interrupted) + " requests were interrupted");
  }
}

int deliver(Ledger& ledger, net::EventLoop& loop, traffic::TrafficLog& log) {
  base::log_info("handing over what an earlier worker left: " + std::to_string(ledger.spool.pending_events()) + " records");
  base::notify_starter("READY=1");
  traffic::Delivery delivery(loop, log, ledger.shipper);
  if (!delivery.run()) {
    return 0;
  }
  record_interrupted(log);  // Not before: a number that the collector has seen in a spool's lost end would not be taken.
  if (delivery.run()) {
    ledger.in_flight.remove_files();
    ledger.spool.remove_files();
    base::log_info("all of it is delivered");
  }
  return 0;
}

void report(const policy::ListReport& list) {
  base::log_info(list.name + ": " + std::to_string(list.entries) + " entries, " + std::to_string(list.duplicates) + " duplicates, " +
                 std::to_string(list.skipped) + " lines skipped");
  constexpr std::size_t kShownMax = 3;
  for (std::size_t shown = 0; shown < std::min(kShownMax, list.skipped_first.size()); ++shown) {
    const policy::ListReport::Skipped& line = list.skipped_first[shown];
    base::log_info(list.name + ":" + std::to_string(line.line) + ": skipped: " + line.reason);
  }
}

int compile_policy(const options::Settings& settings) {
  const auto path = policy::policy_path(settings.data_dir);
  std::string error;
  const policy::Compilation outcome = policy::compile_policy_file(path, settings.rules, error);
  if (outcome == policy::Compilation::BadSource || outcome == policy::Compilation::Failed) {
    return refuse(outcome == policy::Compilation::BadSource ? kBadConfiguration : kFailed, error);
  }
  if (settings.rules.is_empty()) {
    return session::CompilerProcess::kNoRules;
  }
  const auto mapped = outcome == policy::Compilation::Compiled ? policy::MappedPolicy::open(path, error) : std::nullopt;
  if (mapped) {
    const auto lists = mapped->policy().lists();
    std::for_each(lists.begin(), lists.end(), report);
  }
  return 0;
}

// Until it is told to end.
int serve(const options::Settings& settings, net::EventLoop& loop, live::WorkerCounters& slot, traffic::TrafficLog& log, Ledger* ledger,
          std::vector<std::string> command_line) {
  const auto run_folder = settings.data_dir / "run";
  std::string error;
  std::vector<base::UniqueFd> listeners = listening_sockets(settings, error);
  if (listeners.empty()) {
    return refuse(kFailed, error);
  }
  std::optional<policy::RateWindows> rate_windows;
  if (settings.rate_limit) {
    rate_windows = policy::RateWindows::open(run_folder / "rate_windows", settings.rate_limit->requests, settings.rate_limit->window, error);
    if (!rate_windows) {
      return refuse(kFailed, error);
    }
  }
  std::optional<policy::ClientUse> client_use;
  if (settings.client_limits.any()) {
    client_use = policy::ClientUse::open(run_folder / "client_use", settings.worker_id, base::supervisor_pid(), error);
    if (!client_use) {
      return refuse(kFailed, error);
    }
  }
  live::start(slot);
  session::Worker worker({settings, loop, std::move(listeners), slot, rate_windows ? &*rate_windows : nullptr, client_use ? &*client_use : nullptr, log,
                          ledger != nullptr ? &ledger->shipper : nullptr, std::move(command_line)});
  if (const int status = worker.load_policy(error); status != 0) {
    return refuse(status, error);
  }
  base::notify_starter("READY=1");
  worker.run();
  live::stop(slot);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  options::Settings settings;
  if (const auto status = options::read_options(options::kWorker, argc, argv, settings)) {
    return *status;
  }
  base::start_log(settings.compile_policy ? "policy" : "worker-" + std::to_string(settings.worker_id), settings.log_level);
  if (!settings.compile_policy) {
    block_signals();
  }
  if (!base::follow_supervisor()) {
    return kFailed;
  }
  ::umask(077);  // What is recorded is nobody else's.
  std::string error;
  const auto run_folder = settings.data_dir / "run";
  if (!make_private_folder(settings.data_dir, error) || !make_private_folder(run_folder, error)) {
    return refuse(kFailed, error);
  }
  if (settings.compile_policy) {
    return compile_policy(settings);
  }
  auto counters = live::CountersFile::open(run_folder / "counters", error);
  if (!counters) {
    return refuse(kFailed, error);
  }
  net::EventLoop loop;
  std::unique_ptr<Ledger> ledger;
  if (settings.records) {
    auto way = read_way(settings, error);
    if (!way) {
      return refuse(kBadConfiguration, error);
    }
    ledger = open_ledger(loop, settings, std::move(*way), error);
    if (ledger == nullptr) {
      return refuse(kFailed, error);
    }
  }
  live::WorkerCounters& slot = counters->slot(settings.worker_id);
  traffic::TrafficLog log(slot, ledger ? traffic::TrafficLog::Ledger{&ledger->spool, &ledger->shipper, &ledger->in_flight}
                                       : traffic::TrafficLog::Ledger{});
  if (settings.deliver_only) {
    return ledger != nullptr ? deliver(*ledger, loop, log) : 0;
  }
  record_interrupted(log);
  return serve(settings, loop, slot, log, ledger.get(), {argv, argv + argc});
}
