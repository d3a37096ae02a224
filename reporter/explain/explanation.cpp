#include "reporter/explain/explanation.h"

#include <utility>

#include "common/policy/client_access.h"
#include "common/policy/destination_guard.h"

namespace weir::explain {

namespace {

// Steps are answered independently; the first that refuses gives the reason.
class Explainer {
 public:
  Explainer(const options::Settings& settings, const policy::CompiledPolicy* policy, Explanation& out)
      : settings_(settings), policy_(policy), out_(out) {}

  void judge_client() {
    const std::string client = out_.client.to_string();
    if (policy::ClientAccess(settings_.allow_clients, settings_.listen).permits(out_.client)) {
      add("client", client + " may use the proxy");
    } else {
      refuse("client", client + " may not use the proxy (--allow-client)", "client_not_allowed");
    }
  }

  void judge_port() {
    const std::string port = std::to_string(out_.request.port);
    if (!out_.request.is_tunnel) {
      add("port", "port " + port + "; --connect-ports limits tunnels alone");
    } else if (settings_.connect_ports.permit(out_.request.port)) {
      add("port", "tunnels to port " + port + " are allowed");
    } else {
      refuse("port", "tunnels to port " + port + " are not allowed (--connect-ports)", "connect_port_not_allowed");
    }
  }

  void judge_host() {
    const std::string& host = out_.request.host;
    if (policy_ != nullptr) {
      out_.policy_version = policy_->version();
      for (auto& match : policy_->match_each_action(host)) {
        if (match) {
          out_.matches.push_back(std::move(*match));
        }
      }
    }
    if (out_.matches.empty()) {
      return add("host", "no rule matches " + host);
    }
    const policy::RuleMatch& deciding = out_.matches.front();
    const std::string by = host + " matches " + describe(deciding);
    switch (deciding.action) {
      case policy::Action::Allow:
        return add("host", by + ": it is allowed");
      case policy::Action::Block:
        return refuse("host", by + ": it is blocked", "blocked_domain");
      case policy::Action::Observe:
        would_block_ = true;
        return add("host", by + ", which is only observed: it goes on, recorded as one that would have been blocked");
    }
  }

  void judge_destination() {
    const auto& literal = out_.request.literal;
    if (!literal) {
      return add("destination", "names are judged when they are resolved, by each address that the proxy would connect to");
    }
    if (policy::DestinationGuard(settings_.destinations.allow, settings_.destinations.deny).permits(*literal)) {
      return add("destination", literal->to_string() + " may be connected to");
    }
    refuse("destination", literal->to_string() + " may not be connected to (--allow-destination, --deny-destination)", "destination_not_allowed");
  }

  void conclude() {
    if (!out_.reason.empty()) {
      out_.verdict = Verdict::Refused;
    } else if (would_block_) {
      out_.verdict = Verdict::Observed;
    }
  }

 private:
  void add(std::string question, std::string answer) { out_.steps.push_back({std::move(question), false, std::move(answer)}); }

  void refuse(std::string question, std::string answer, std::string reason) {
    out_.steps.push_back({std::move(question), true, std::move(answer)});
    if (out_.reason.empty()) {
      out_.reason = std::move(reason);
    }
  }

  const options::Settings& settings_;
  const policy::CompiledPolicy* policy_;
  Explanation& out_;
  bool would_block_ = false;
};

}  // namespace

std::string describe(const policy::RuleMatch& match) {
  return match.rule + " (" + std::string(match.list) + (match.line != 0 ? ", line " + std::to_string(match.line) : "") + ")";
}

Explanation explain(const options::Settings& settings, const policy::CompiledPolicy* policy, const RequestedUrl& request) {
  Explanation out;
  out.url = settings.report.explain;
  out.request = request;
  out.client = settings.report.client.value_or(*base::IpAddress::parse("127.0.0.1"));
  Explainer explainer(settings, policy, out);
  explainer.judge_client();
  explainer.judge_port();
  explainer.judge_host();
  explainer.judge_destination();
  explainer.conclude();
  return out;
}

}  // namespace weir::explain
