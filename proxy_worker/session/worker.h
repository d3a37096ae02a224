// A proxy worker put together: listening sockets, event loop, policy, sessions and the way of their records. Runs until
// it is told to stop, then drains.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/live/counters.h"
#include "common/options/settings.h"
#include "proxy_worker/net/acceptor.h"
#include "proxy_worker/session/client_session.h"
#include "proxy_worker/session/policy_loader.h"
#include "proxy_worker/traffic/shipper.h"

namespace weir::session {

class Worker : private net::Acceptor::Listener, private ClientSession::Owner, private net::IoListener, private net::Timer::Listener,
               private PolicyLoader::Owner {
 public:
  // What the worker is made of beyond its own parts; all of it outlives the worker.
  struct Parts {
    const options::Settings& settings;
    net::EventLoop& loop;
    std::vector<base::UniqueFd> listeners;
    live::WorkerCounters& counters;
    policy::RateWindows* rate_windows;  // nullptr: no limit
    policy::ClientUse* client_use;      // nullptr: no limit
    traffic::TrafficLog& log;
    traffic::Shipper* shipper;  // nullptr with --records off
    std::vector<std::string> command_line;  // of this process, program first
  };

  explicit Worker(Parts parts);
  ~Worker();

  // Before run(): an exit status, with `error` unless it is 0.
  [[nodiscard]] int load_policy(std::string& error) { return policy_loader_.load(error); }
  // Until SIGTERM or SIGINT, and then until everything under way is done or the drain's time is over.
  void run();

 private:
  void on_connection(base::UniqueFd fd, const base::SocketAddress& client) override;
  bool has_room() const override;
  void on_session_closed(ClientSession& session) override;
  void on_io(net::Readiness readiness) override;  // signals
  void on_timer(net::Timer& timer) override;
  bool install(std::optional<policy::MappedPolicy> rules, std::string& error) override;
  void begin_drain();
  void arm_progress();
  void tell_progress();
  bool is_drained() const;

  static constexpr std::size_t kBufferBytes = 64 * 1024;

  const options::Settings& settings_;
  net::EventLoop& loop_;
  traffic::TrafficLog& log_;
  traffic::Shipper* shipper_;
  std::vector<base::SocketAddress> own_addresses_;
  policy::DestinationGuard guard_;
  net::Resolver resolver_;
  net::DialContext dial_;
  net::OriginPool pool_;
  Admission admission_;
  PolicyLoader policy_loader_;
  std::unique_ptr<std::array<char, kBufferBytes>> buffer_;
  std::optional<login::LoginChecker> logins_;
  SessionContext context_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  std::unordered_map<ClientSession*, std::unique_ptr<ClientSession>> sessions_;
  std::size_t sessions_max_;
  std::uint64_t next_connection_id_ = 1;
  base::UniqueFd signals_;
  net::Timer drain_timer_{*this};
  net::Timer progress_timer_{*this};
  bool drain_is_over_ = false;
};

}  // namespace weir::session
