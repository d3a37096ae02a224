#include "common/options/settings.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "common/base/quantity.h"
#include "common/options/point_in_time.h"

namespace weir::options {

namespace {

using Take = std::function<bool(const std::string&)>;

constexpr unsigned kProxy = kSupervisor | kWorker;
constexpr unsigned kJudges = kProxy | kReporter;  // the reporter explains what the worker decides
constexpr std::uint32_t kWorkersMax = 512;
constexpr std::uint32_t kRateRequestsMax = 100'000;
constexpr std::chrono::milliseconds kRateWindowMax = std::chrono::hours(24);

// Stores what `parse` makes of the text.
template <class Target, class Parse>
Take store(Target& target, Parse parse) {
  return [&target, parse](const std::string& text) {
    auto parsed = parse(text);
    if (parsed) {
      target = std::move(*parsed);
    }
    return parsed.has_value();
  };
}

template <class Target, class Parse>
Take append(std::vector<Target>& target, Parse parse) {
  return [&target, parse](const std::string& text) {
    auto parsed = parse(text);
    if (parsed) {
      target.push_back(std::move(*parsed));
    }
    return parsed.has_value();
  };
}

auto number_between(std::uint64_t min, std::uint64_t max) {
  return [min, max](const std::string& text) -> std::optional<std::uint32_t> {
    const auto number = base::parse_decimal(text, max);
    return number && *number >= min ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
  };
}

std::optional<bool> parse_on_off(const std::string& text) {
  return text == "on" ? std::optional(true) : text == "off" ? std::optional(false) : std::nullopt;
}

std::optional<bool> parse_truth(const std::string& text) {
  return text == "true" ? std::optional(true) : text == "false" ? std::optional(false) : std::nullopt;
}

std::optional<std::filesystem::path> parse_path(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(std::filesystem::path(text));
}

std::optional<std::string> parse_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::chrono::milliseconds> parse_timeout(const std::string& text) {
  const auto duration = base::parse_duration(text);
  return duration && duration->count() > 0 ? duration : std::nullopt;
}

std::optional<std::optional<RateLimit>> parse_rate_limit(const std::string& text) {
  if (text == "off") {
    return std::optional<RateLimit>{};
  }
  const std::size_t slash = text.find('/');
  const auto requests = base::parse_decimal(std::string_view(text).substr(0, slash), kRateRequestsMax);
  if (slash == std::string::npos || !requests || *requests == 0) {
    return std::nullopt;
  }
  const auto window = base::parse_duration(std::string_view(text).substr(slash + 1));
  if (!window || window->count() == 0 || *window > kRateWindowMax) {
    return std::nullopt;
  }
  return std::optional(RateLimit{static_cast<std::uint32_t>(*requests), *window});
}

std::optional<std::vector<std::uint16_t>> parse_ports(std::string_view text) {
  std::vector<std::uint16_t> ports;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto port = base::parse_decimal(text.substr(0, comma), std::numeric_limits<std::uint16_t>::max());
    if (!port || *port == 0) {
      return std::nullopt;
    }
    ports.push_back(static_cast<std::uint16_t>(*port));
    if (comma == std::string_view::npos) {
      return ports;
    }
    text.remove_prefix(comma + 1);
  }
}

std::optional<ConnectPorts> parse_connect_ports(const std::string& text) {
  if (text == "any") {
    return ConnectPorts{.any = true, .ports = {}};
  }
  auto ports = parse_ports(text);
  return ports ? std::optional(ConnectPorts{.any = false, .ports = std::move(*ports)}) : std::nullopt;
}

// A named group of networks, or one network.
Take append_networks(std::vector<base::Cidr>& target) {
  return [&target](const std::string& text) {
    const auto add = [&target](const std::vector<base::Cidr>& networks) {
      target.insert(target.end(), networks.begin(), networks.end());
      return true;
    };
    if (text == "loopback") {
      return add(base::loopback_networks());
    }
    if (text == "private") {
      return add(base::private_networks());
    }
    if (text == "any") {
      return add({*base::Cidr::parse("::/0")});  // IPv4 is a part of it, see IpAddress.
    }
    const auto network = base::Cidr::parse(text);
    return network && add({*network});
  };
}

// A spool has segments of 4 MiB, and some of them are kept free.
std::optional<std::uint64_t> parse_spool_limit(const std::string& text) {
  constexpr std::uint64_t kSmallest = 16u << 20;
  const auto bytes = base::parse_byte_size(text);
  return bytes && *bytes >= kSmallest ? bytes : std::nullopt;
}

std::optional<WhenSpoolFull> parse_when_spool_full(const std::string& text) {
  if (text == "drop-oldest") {
    return WhenSpoolFull::DropOldest;
  }
  return text == "refuse" ? std::optional(WhenSpoolFull::Refuse) : std::nullopt;
}

std::optional<Durability> parse_durability(const std::string& text) {
  return text == "process" ? std::optional(Durability::Process) : text == "power" ? std::optional(Durability::Power) : std::nullopt;
}

// "ipc://" and a path, or "tcp://", an address or a name, and a port.
std::optional<std::string> parse_endpoint(const std::string& text) {
  constexpr std::string_view kIpc = "ipc://";
  constexpr std::string_view kTcp = "tcp://";
  if (text.starts_with(kIpc)) {
    return text.size() > kIpc.size() ? std::optional(text) : std::nullopt;
  }
  const std::size_t colon = text.rfind(':');
  const bool has_host = text.starts_with(kTcp) && colon > kTcp.size();
  const auto port = has_host ? base::parse_decimal(std::string_view(text).substr(colon + 1), std::numeric_limits<std::uint16_t>::max()) : std::nullopt;
  return port && *port > 0 ? std::optional(text) : std::nullopt;
}

std::optional<std::uint64_t> parse_count(const std::string& text) {
  const auto count = base::parse_decimal(text, 1'000'000);
  return count && *count > 0 ? count : std::nullopt;
}

std::optional<std::uint64_t> parse_size(const std::string& text) {
  const auto bytes = base::parse_byte_size(text);
  return bytes && *bytes > 0 ? bytes : std::nullopt;
}

// "off" is a value, too: none.
template <class Parse>
auto or_off(Parse parse) {
  return [parse](const std::string& text) -> std::optional<std::optional<std::uint64_t>> {
    if (text == "off") {
      return std::optional<std::optional<std::uint64_t>>(std::in_place, std::nullopt);
    }
    const std::optional<std::uint64_t> value = parse(text);
    if (!value) {
      return std::nullopt;
    }
    return std::optional<std::optional<std::uint64_t>>(std::in_place, value);
  };
}

std::optional<TlsNames> parse_tls_names(const std::string& text) {
  if (text == "observe") {
    return TlsNames::Observe;
  }
  return text == "refuse" ? std::optional(TlsNames::Refuse) : std::nullopt;
}

std::optional<base::SocketAddress> parse_listen_address(const std::string& text) { return base::SocketAddress::parse(text); }

void declare_general(std::vector<Declaration>& out, Settings& s) {
  out.push_back({.group = "General", .name = "data-dir", .value = "DIR", .default_text = "Logs",
                 .help = "Where logs, reports and the database are kept",
                 .take = store(s.data_dir, parse_path)});
  out.push_back({.group = "General", .name = "log-level", .value = "debug|info|warning|error", .default_text = "info",
                 .programs = kSupervisor | kWorker | kCollector, .help = "How much the programs say on standard error",
                 .take = store(s.log_level, base::parse_log_level)});
  out.push_back({.group = "General", .name = "worker-id", .value = "N", .default_text = "0", .programs = kWorker,
                 .help = "Which of the workers this is, from 0", .take = store(s.worker_id, number_between(0, kWorkersMax - 1)),
                 .internal = true});
  out.push_back({.group = "General", .name = "deliver-only", .value = "on|off", .default_text = "off", .programs = kWorker,
                 .help = "Hand over the records that this worker left, and end", .take = store(s.deliver_only, parse_on_off),
                 .internal = true});
  out.push_back({.group = "General", .name = "compile-policy", .programs = kWorker,
                 .help = "Write the compiled policy into the data directory, and end", .take = store(s.compile_policy, parse_truth),
                 .internal = true});
}

void declare_listening(std::vector<Declaration>& out, Settings& s) {
  out.push_back({.group = "Listening", .name = "listen", .value = "ADDRESS:PORT", .default_text = "127.0.0.1:8080",
                 .programs = kJudges, .help = "Where clients connect to; [::1]:8080 for IPv6, :8080 for every address",
                 .take = append(s.listen, parse_listen_address), .start_list = [&s] { s.listen.clear(); }});
  out.push_back({.group = "Listening", .name = "workers", .value = "N", .default_text = "", .programs = kSupervisor,
                 .help = "How many worker processes share the load (default: one per core)",
                 .take = store(s.workers, number_between(1, kWorkersMax))});
  out.push_back({.group = "Listening", .name = "drain-timeout", .value = "DURATION", .default_text = "10s", .programs = kProxy,
                 .help = "How long requests under way may go on after a stop was asked for",
                 .take = store(s.drain_timeout, base::parse_duration)});
}

void declare_rules(std::vector<Declaration>& out, policy::RuleSources& rules) {
  const auto declare = [&out](const std::string& action, policy::RuleSources::OfAction& target, const std::string& pattern_help,
                              const std::string& file_help) {
    out.push_back({.group = "Policy", .name = action, .value = "PATTERN", .default_text = "", .programs = kJudges, .help = pattern_help,
                   .take = append(target.patterns, parse_text), .start_list = [&target] { target.patterns.clear(); }});
    out.push_back({.group = "Policy", .name = action + "list", .value = "FILE", .default_text = "", .programs = kJudges, .help = file_help,
                   .take = append(target.files, parse_path), .start_list = [&target] { target.files.clear(); }});
  };
  declare("block", rules.block, "Refuse hosts of this name; * ? and [...] are wildcards: '*.youtube.com'",
          "Refuse hosts that this list names: wildcards, a hosts file, plain names, ||name^, dnsmasq; read again on SIGHUP");
  declare("allow", rules.allow, "Let hosts of this name through, whatever blocks them", "Let hosts that this list names through");
  declare("observe", rules.observe, "Let hosts of this name through, and record that they would have been blocked",
          "Try a list: record what it would have blocked");
}

void declare_policy(std::vector<Declaration>& out, Settings& s) {
  out.push_back({.group = "Policy", .name = "rate-limit", .value = "REQUESTS/WINDOW|off", .default_text = "100/10s",
                 .programs = kProxy, .help = "Requests that one client address may make in any such span, over all workers",
                 .take = store(s.rate_limit, parse_rate_limit)});
  const auto limit = [&out](std::string name, std::string value, std::optional<std::uint64_t>& target, auto parse, std::string help) {
    out.push_back({.group = "Policy", .name = std::move(name), .value = std::move(value), .default_text = "off", .programs = kProxy,
                   .help = std::move(help), .take = store(target, or_off(parse))});
  };
  ClientLimits& limits = s.client_limits;
  limit("client-connections", "N|off", limits.connections, parse_count, "Connections that one client address may have open, over all workers");
  limit("client-tunnels", "N|off", limits.tunnels, parse_count, "Tunnels that one client address may have open, over all workers");
  limit("client-bytes-per-second", "SIZE|off", limits.bytes_per_second, parse_size, "Pace of one client address, both directions together");
  limit("client-bytes-per-day", "SIZE|off", limits.bytes_per_day, parse_size, "What one client address may move in a day (UTC); then 429");
  out.push_back({.group = "Policy", .name = "exempt-client", .value = "CIDR|loopback|private|any", .default_text = "", .programs = kProxy,
                 .help = "Clients to whom neither the rate limit nor the other limits per client apply",
                 .take = append_networks(limits.exempt), .start_list = [&s] { s.client_limits.exempt.clear(); }});
  declare_rules(out, s.rules);
  out.push_back({.group = "Policy", .name = "allow-client", .value = "CIDR|loopback|private|any", .default_text = "", .programs = kJudges,
                 .help = "Who may use the proxy (default: this machine; when it listens wider, private networks too)",
                 .take = append_networks(s.allow_clients), .start_list = [&s] { s.allow_clients.clear(); }});
  out.push_back({.group = "Policy", .name = "tls-names", .value = "observe|refuse", .default_text = "observe", .programs = kProxy,
                 .help = "When the TLS handshake in a tunnel names another host than CONNECT did, or a blocked one: record it, or close",
                 .take = store(s.tls_names, parse_tls_names)});
  out.push_back({.group = "Policy", .name = "password-file", .value = "FILE", .default_text = "", .programs = kProxy,
                 .help = "Only users of this file may use the proxy: USER:HASH lines as htpasswd -B writes them; read again on SIGHUP",
                 .take = store(s.password_file, parse_path)});
  out.push_back({.group = "Policy", .name = "allow-destination", .value = "CIDR|loopback|private|any", .default_text = "",
                 .programs = kJudges, .help = "Addresses that requests may go to although they are refused by default or denied",
                 .take = append_networks(s.destinations.allow), .start_list = [&s] { s.destinations.allow.clear(); }});
  out.push_back({.group = "Policy", .name = "deny-destination", .value = "CIDR|loopback|private|any", .default_text = "",
                 .programs = kJudges, .help = "Further addresses that no request may go to, for example private",
                 .take = append_networks(s.destinations.deny), .start_list = [&s] { s.destinations.deny.clear(); }});
  out.push_back({.group = "Policy", .name = "connect-ports", .value = "PORT[,PORT...]|any", .default_text = "443", .programs = kJudges,
                 .help = "Ports that a CONNECT tunnel may lead to", .take = store(s.connect_ports, parse_connect_ports)});
}

void declare_records(std::vector<Declaration>& out, Settings& s) {
  out.push_back({.group = "Records", .name = "records", .value = "on|off", .default_text = "on", .programs = kProxy,
                 .help = "Keep a record of every request", .take = store(s.records, parse_on_off)});
  out.push_back({.group = "Records", .name = "spool-limit", .value = "SIZE (16MiB or more)", .default_text = "1GiB", .programs = kProxy,
                 .help = "Disk space for each worker's records while the collector does not take them",
                 .take = store(s.spool_bytes_max, parse_spool_limit)});
  out.push_back({.group = "Records", .name = "when-spool-full", .value = "drop-oldest|refuse", .default_text = "drop-oldest", .programs = kProxy,
                 .help = "Go on and lose the oldest records (counted as gaps), or answer new requests with 503",
                 .take = store(s.when_spool_full, parse_when_spool_full)});
  out.push_back({.group = "Records", .name = "progress-interval", .value = "DURATION", .default_text = "30s", .programs = kProxy,
                 .help = "How often the octets of long requests and tunnels are recorded while they last",
                 .take = store(s.progress_interval, parse_timeout)});
  out.push_back({.group = "Records", .name = "json-logs", .value = "on|off", .default_text = "on",
                 .programs = kSupervisor | kWorker | kCollector, .help = "Write JSON logs beside the database",
                 .take = store(s.json_logs, parse_on_off)});
  out.push_back({.group = "Records", .name = "commit-interval", .value = "DURATION", .default_text = "200ms",
                 .programs = kSupervisor | kCollector, .help = "How long a record may wait before it is in the database",
                 .take = store(s.commit_interval, parse_timeout)});
}

void declare_delivery(std::vector<Declaration>& out, Settings& s) {
  constexpr unsigned kAllWithRecords = kSupervisor | kWorker | kCollector;
  out.push_back({.group = "Delivery", .name = "durability", .value = "process|power", .default_text = "process", .programs = kAllWithRecords,
                 .help = "What no record may be lost by: the death of a process, or a power failure too (waits for the disk)",
                 .take = store(s.durability, parse_durability)});
  out.push_back({.group = "Delivery", .name = "collector", .value = "on|off", .default_text = "on", .programs = kSupervisor,
                 .help = "Start a collector; off when --collector-endpoint leads to one on another host",
                 .take = store(s.has_own_collector, parse_on_off)});
  out.push_back({.group = "Delivery", .name = "collector-endpoint", .value = "ipc://PATH|tcp://ADDRESS:PORT", .default_text = "",
                 .programs = kAllWithRecords,
                 .help = "Where the collector listens and the workers connect to (default: a socket in the data directory); tcp needs keys",
                 .take = store(s.collector_endpoint, parse_endpoint)});
  out.push_back({.group = "Delivery", .name = "collector-keys", .value = "DIR", .default_text = "", .programs = kAllWithRecords,
                 .help = "Keys for tcp, as --generate-keys makes them", .take = store(s.collector_keys, parse_path)});
  out.push_back({.group = "Delivery", .name = "generate-keys", .value = "DIR", .default_text = "", .programs = kCollector,
                 .help = "Make keys for a collector and its workers in that folder, and end", .take = store(s.generate_keys, parse_path)});
}

void declare_timeouts(std::vector<Declaration>& out, Timeouts& t) {
  const auto declare = [&out](std::string name, std::chrono::milliseconds& target, std::string help) {
    const std::string default_text = base::format_duration(target);
    out.push_back({.group = "Time limits", .name = std::move(name), .value = "DURATION", .default_text = default_text, .programs = kProxy,
                   .help = std::move(help), .take = store(target, parse_timeout)});
  };
  declare("head-timeout", t.head, "First byte of a request to the end of its head");
  declare("idle-timeout", t.idle, "Silence of a client, or of a kept origin connection, between two requests");
  declare("dns-timeout", t.dns, "Resolving an origin's name");
  declare("connect-timeout", t.connect, "Connecting to an origin, over all its addresses");
  declare("response-timeout", t.response, "Waiting for an origin's answer");
  declare("body-timeout", t.body, "No progress of a body, in either direction; also how long a client may go on sending when it has its answer");
  declare("tunnel-idle-timeout", t.tunnel_idle, "Silence in both directions of a CONNECT tunnel");
}

void declare_report(std::vector<Declaration>& out, Report& r) {
  const auto flag = [](bool& target) { return store(target, parse_truth); };
  const auto declare = [&out](Declaration declaration) {
    declaration.group = "Report";
    declaration.programs = kReporter;
    out.push_back(std::move(declaration));
  };
  declare({.name = "summary", .help = "Print the summary (what the reporter does when nothing else is asked for)", .take = flag(r.summary)});
  declare({.name = "json", .help = "Print the summary as JSON, per domain", .take = flag(r.json)});
  declare({.name = "csv", .value = "FILE", .help = "Write the requests as CSV; - for standard output", .take = store(r.csv, parse_path)});
  declare({.name = "chart", .value = "FILE.png|FILE.svg", .help = "Draw the top domains",
           .take = store(r.chart, [](const std::string& text) {
             const auto extension = std::filesystem::path(text).extension();
             return extension == ".png" || extension == ".svg" ? parse_path(text) : std::nullopt;
           })});
  declare({.name = "top", .value = "N", .default_text = "5", .help = "How many domains the summary and the chart name",
           .take = store(r.top, number_between(1, 1000))});
  declare({.name = "since", .value = "TIME", .help = "Only requests that ended at or after '2026-11-22 14:00', or 2h (two hours ago)",
           .take = store(r.since, parse_point_in_time)});
  declare({.name = "until", .value = "TIME", .help = "Only requests that ended before that time", .take = store(r.until, parse_point_in_time)});
  declare({.name = "domain", .value = "PATTERN", .help = "Only requests to hosts of this name; * ? and [...] are wildcards", .take = store(r.domain, parse_text)});
  declare({.name = "write-summary", .help = "Write summary_report.txt, summary.json and the chart into the data directory",
           .take = flag(r.write_summary)});
  declare({.name = "verify", .help = "Prove that all records add up: database, streams, JSON logs, spools; with --json for programs",
           .take = flag(r.verify)});
  declare({.name = "explain", .value = "URL", .help = "Say what the policy would do with a request for it, and why; with --json for programs",
           .take = store(r.explain, parse_text)});
  declare({.name = "client", .value = "ADDRESS", .help = "With --explain: who would ask (default: this machine)",
           .take = [&r](const std::string& text) { return (r.client = base::IpAddress::parse(text)).has_value(); }});
  declare({.name = "lists", .help = "Say what was found in each list of rules: entries, duplicates, lines skipped and why; with --json for programs",
           .take = flag(r.lists)});
  declare({.name = "full", .help = "With --verify: have SQLite check the indexes too", .take = flag(r.full)});
}

}  // namespace

std::vector<Declaration> declarations(Settings& settings) {
  if (settings.listen.empty()) {
    settings.listen = {*base::SocketAddress::parse("127.0.0.1:8080")};
  }
  std::vector<Declaration> out;
  declare_general(out, settings);
  declare_listening(out, settings);
  declare_policy(out, settings);
  declare_records(out, settings);
  declare_delivery(out, settings);
  declare_timeouts(out, settings.timeouts);
  declare_report(out, settings.report);
  return out;
}

}  // namespace weir::options
