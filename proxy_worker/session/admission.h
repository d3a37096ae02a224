// Decides whether a request may go on, before anything is resolved or connected: who asks, how often, and for what.
// Holds the policy in force; a reload replaces it as a whole or not at all (policy_loader.h).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip_address.h"
#include "common/options/settings.h"
#include "common/policy/client_access.h"
#include "common/policy/policy_file.h"
#include "common/policy/rate_windows.h"
#include "proxy_worker/session/reason.h"

namespace weir::session {

// The one clock that all workers' windows and paces are kept in; it goes on while the machine sleeps.
std::chrono::microseconds boot_time();

struct Verdict {
  Reason reason = Reason::None;  // None: it may go on
  // The rule that refuses it, or, when it may go on, the observed rule that would have.
  std::string rule = {};
  std::string rule_list = {};
  unsigned rule_line = 0;  // 0: the list is no file
  std::uint32_t requests_in_window = 0;
  std::chrono::microseconds retry_after{0};

  bool would_block() const { return reason == Reason::None && !rule.empty(); }
};

class Admission {
 public:
  // `rate_windows` is nullptr when there is no limit; it and `settings` outlive this.
  Admission(const options::Settings& settings, std::vector<base::SocketAddress> listening, policy::RateWindows* rate_windows);

  // From now on these rules hold; nothing: no host is blocked.
  void adopt(std::optional<policy::MappedPolicy> policy);
  // Empty when there are no rules.
  const std::string& policy_version() const { return policy_version_; }
  std::size_t rule_count() const { return policy_ ? policy_->policy().rule_count() : 0; }

  // Whether the client may use the proxy at all; and counts the request against its rate.
  Verdict judge_client(const base::IpAddress& client) const;
  Verdict judge_rate(const base::IpAddress& client);
  Verdict judge_host(std::string_view host) const;
  Verdict judge_tunnel_port(std::uint16_t port) const;

 private:
  const options::Settings& settings_;
  policy::ClientAccess client_access_;
  policy::RateWindows* rate_windows_;
  std::optional<policy::MappedPolicy> policy_;
  std::string policy_version_;
};

}  // namespace weir::session
