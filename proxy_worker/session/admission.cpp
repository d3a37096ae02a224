#include "proxy_worker/session/admission.h"

#include <algorithm>
#include <ctime>

#include "common/policy/blocklist_file.h"

namespace weir::session {

std::chrono::microseconds boot_time() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_nsec / 1000);
}

Admission::Admission(const options::Settings& settings, std::vector<base::SocketAddress> listening, policy::RateWindows* rate_windows)
    : settings_(settings), client_access_(settings.allow_clients, listening), rate_windows_(rate_windows) {}

bool Admission::load_rules(std::string& error) {
  policy::DomainRules rules;
  for (const std::string& pattern : settings_.block_patterns) {
    if (!rules.add(pattern, "--block", 0, error)) {
      error = "--block: " + error;
      return false;
    }
  }
  for (const auto& path : settings_.blocklists) {
    if (!policy::load_blocklist(path, rules, error)) {
      return false;
    }
  }
  rules_ = std::move(rules);
  return true;
}

Verdict Admission::judge_client(const base::IpAddress& client) const {
  return {.reason = client_access_.permits(client) ? Reason::None : Reason::ClientNotAllowed};
}

Verdict Admission::judge_rate(const base::IpAddress& client) {
  if (rate_windows_ == nullptr) {
    return {};
  }
  const policy::Admission admission = rate_windows_->admit(client, boot_time());
  if (admission.admitted) {
    return {};
  }
  return {.reason = Reason::RateLimit,
          .requests_in_window = admission.requests_in_window,
          .retry_after = std::max(admission.retry_after, std::chrono::microseconds(1))};
}

Verdict Admission::judge_host(std::string_view host) const {
  const auto match = rules_.match(host);
  if (!match) {
    return {};
  }
  return {.reason = Reason::BlockedDomain, .rule = std::string(match->rule), .rule_list = std::string(match->list)};
}

Verdict Admission::judge_tunnel_port(std::uint16_t port) const {
  const options::ConnectPorts& allowed = settings_.connect_ports;
  const bool permitted = allowed.any || std::find(allowed.ports.begin(), allowed.ports.end(), port) != allowed.ports.end();
  return {.reason = permitted ? Reason::None : Reason::ConnectPortNotAllowed};
}

}  // namespace weir::session
