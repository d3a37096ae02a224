#include "proxy_worker/session/admission.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace weir::session {

std::chrono::microseconds boot_time() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_nsec / 1000);
}

Admission::Admission(const options::Settings& settings, std::vector<base::SocketAddress> listening, policy::RateWindows* rate_windows)
    : settings_(settings), client_access_(settings.allow_clients, listening), rate_windows_(rate_windows) {}

void Admission::adopt(std::optional<policy::MappedPolicy> policy) {
  policy_ = std::move(policy);
  policy_version_ = policy_ ? policy_->policy().version() : std::string();
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
  const auto found = policy_ ? policy_->policy().find(host) : std::nullopt;
  if (!found || found->action() == policy::Action::Allow) {
    return {};
  }
  policy::RuleMatch match = policy_->policy().describe(*found);
  return {.reason = found->action() == policy::Action::Block ? Reason::BlockedDomain : Reason::None,
          .rule = std::move(match.rule),
          .rule_list = std::string(match.list),
          .rule_line = match.line};
}

Verdict Admission::judge_tunnel_port(std::uint16_t port) const {
  return {.reason = settings_.connect_ports.permit(port) ? Reason::None : Reason::ConnectPortNotAllowed};
}

}  // namespace weir::session
