// Everything that a user can set, for all of Weir's programs, as typed values. settings.cpp declares each option once:
// the command line, the configuration file, --help and --describe-options all come from there.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip_address.h"
#include "common/base/log.h"
#include "common/options/declaration.h"
#include "common/policy/rule_sources.h"

namespace weir::options {

// At most `requests` in any span of `window`.
struct RateLimit {
  std::uint32_t requests = 100;
  std::chrono::milliseconds window{10'000};
};

// Where the proxy may connect to, by resolved address. What `allow` contains passes; of the rest, what `deny` contains
// and what the worker's destination guard refuses by default does not.
struct DestinationNetworks {
  std::vector<base::Cidr> allow;
  std::vector<base::Cidr> deny;
};

struct ConnectPorts {
  bool any = false;
  std::vector<std::uint16_t> ports{443};

  bool permit(std::uint16_t port) const { return any || std::find(ports.begin(), ports.end(), port) != ports.end(); }
};

// What one client may use, over all workers; nothing: as much as it likes.
struct ClientLimits {
  std::optional<std::uint64_t> connections;
  std::optional<std::uint64_t> tunnels;
  std::optional<std::uint64_t> bytes_per_second;  // both directions together
  std::optional<std::uint64_t> bytes_per_day;     // of UTC; likewise
  std::vector<base::Cidr> exempt;                 // from these and from the rate limit

  bool any() const { return connections || tunnels || bytes_per_second || bytes_per_day; }
};

// One named limit for each wait.
struct Timeouts {
  std::chrono::milliseconds head{30'000};           // first octet of a request to the end of its head
  std::chrono::milliseconds idle{60'000};           // between two requests of a client; also unused origin connections
  std::chrono::milliseconds dns{10'000};            // all of a name's resolution
  std::chrono::milliseconds connect{15'000};        // all attempts to connect to an origin
  std::chrono::milliseconds response{60'000};       // request sent to the response's head
  std::chrono::milliseconds body{60'000};           // no progress of a body in either direction
  std::chrono::milliseconds tunnel_idle{3'600'000}; // no octet in either direction of a tunnel
};

// What happens while a worker's spool is full.
enum class WhenSpoolFull : std::uint8_t {
  DropOldest,  // traffic goes on; the oldest records are lost, and counted
  Refuse,      // no request goes unrecorded: new ones are answered 503
};

// What a record stands from the moment that it is made, and what the collector acknowledges.
enum class Durability : std::uint8_t {
  Process,  // the death of any process
  Power,    // and of the machine: waits for the disk
};

// What is made of the server's name in a tunnel's ClientHello when it is another than CONNECT's, or a blocked one.
enum class TlsNames : std::uint8_t {
  Observe,  // the tunnel is served; the record has the reason
  Refuse,   // nothing is sent on before the name is known, and the tunnel is closed
};

// What the reporter is asked for.
struct Report {
  bool summary = false;
  bool json = false;
  std::filesystem::path csv;
  std::filesystem::path chart;
  bool write_summary = false;
  bool verify = false;
  bool full = false;  // verify with SQLite's thorough check
  std::string explain;  // a URL
  bool lists = false;   // what was found in each list of rules
  std::optional<base::IpAddress> client;  // who would ask for it
  std::uint32_t top = 5;
  std::optional<std::chrono::system_clock::time_point> since;
  std::optional<std::chrono::system_clock::time_point> until;
  std::string domain;
};

struct Settings {
  std::filesystem::path data_dir = "Logs";
  base::LogLevel log_level = base::LogLevel::Info;

  std::vector<base::SocketAddress> listen;
  std::uint32_t workers = 0;  // 0: one per core
  std::uint32_t worker_id = 0;
  bool deliver_only = false;  // hand over what that worker left, and end
  bool compile_policy = false;  // write the compiled policy, and end
  std::chrono::milliseconds drain_timeout{10'000};
  Timeouts timeouts;

  std::optional<RateLimit> rate_limit = RateLimit{};
  ClientLimits client_limits;
  policy::RuleSources rules;
  TlsNames tls_names = TlsNames::Observe;
  std::vector<base::Cidr> allow_clients;  // empty: by listening address
  std::filesystem::path password_file;    // empty: nobody has to log in
  DestinationNetworks destinations;
  ConnectPorts connect_ports;

  bool records = true;
  std::uint64_t spool_bytes_max = 1u << 30;  // of each worker
  WhenSpoolFull when_spool_full = WhenSpoolFull::DropOldest;
  std::chrono::milliseconds progress_interval{30'000};
  bool json_logs = true;
  std::chrono::milliseconds commit_interval{200};
  Durability durability = Durability::Process;
  bool has_own_collector = true;         // the supervisor starts one
  std::string collector_endpoint;        // ipc://... or tcp://...; empty: the socket in the data directory
  std::filesystem::path collector_keys;  // folder; empty: none
  std::filesystem::path generate_keys;   // folder to make keys in, and end; empty: go on

  Report report;
};

// The declarations of all options; taking a value writes into `settings`, which outlives them.
std::vector<Declaration> declarations(Settings& settings);

}  // namespace weir::options
