#include "proxy_worker/session/gate.h"

#include <algorithm>

namespace weir::session {

std::optional<Answer> Gate::admit_client(Transaction& transaction) {
  if (transaction.is_known_client) {
    return std::nullopt;
  }
  transaction.is_known_client = true;
  if (!context_.log.has_room()) {
    return Answer{.reason = Reason::RecordsFull};
  }
  Verdict verdict = context_.admission.judge_client(identity_.address.address);
  if (verdict.reason == Reason::None && !identity_.is_exempt) {
    verdict = context_.admission.judge_rate(identity_.address.address);
  }
  return verdict.reason == Reason::None ? admit_use(transaction) : std::optional(refusal_of(verdict, transaction));
}

// What else its client has and moves (--client-connections, --client-bytes-per-day).
std::optional<Answer> Gate::admit_use(Transaction& transaction) {
  if (identity_.has_too_many_connections) {
    transaction.client_keeps_alive = false;
    return Answer{.reason = Reason::ConnectionLimit};
  }
  const auto& daily_limit = context_.settings.client_limits.bytes_per_day;
  if (!daily_limit || identity_.is_exempt) {
    return std::nullopt;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto today = std::chrono::floor<std::chrono::days>(now);
  if (context_.client_use->add_bytes(identity_.address.address, static_cast<std::uint32_t>(today.count()), 0, boot_time()) < *daily_limit) {
    return std::nullopt;
  }
  return Answer{.reason = Reason::DailyLimit,
                .retry_after = std::chrono::duration_cast<std::chrono::microseconds>(today + std::chrono::days(1) - now)};
}

bool Gate::is_over_tunnels(Transaction& transaction) {
  const auto& limit = context_.settings.client_limits.tunnels;
  if (!limit || identity_.is_exempt) {
    return false;
  }
  transaction.is_counted_tunnel = true;  // Until its end, refused or not.
  return context_.client_use->begin(identity_.address.address, policy::ClientUse::Kind::Tunnel) > *limit;
}

std::optional<Answer> Gate::admit_destination(Transaction& transaction) {
  const Admission& admission = context_.admission;
  const http1::RequestTarget& target = transaction.target;
  if (target.form == http1::TargetForm::Asterisk) {
    return std::nullopt;
  }
  Verdict verdict;
  if (transaction.is_tunnel_request()) {
    verdict = admission.judge_tunnel_port(target.authority.port);
    if (verdict.reason == Reason::None && is_over_tunnels(transaction)) {
      verdict.reason = Reason::TunnelLimit;
    }
  }
  if (verdict.reason == Reason::None) {
    verdict = admission.judge_host(target.authority.host);
    transaction.event.set_policy_version(admission.policy_version());
    enter_rule(verdict, transaction.event);
  }
  return verdict.reason == Reason::None ? std::nullopt : std::optional(refusal_of(verdict, transaction));
}

Answer Gate::refusal_of(const Verdict& verdict, Transaction& transaction) const {
  proto::TrafficEvent& event = transaction.event;
  event.set_requests_in_window(verdict.requests_in_window);
  std::string detail;
  if (verdict.reason == Reason::BlockedDomain) {
    const std::string line = verdict.rule_line != 0 ? ", line " + std::to_string(verdict.rule_line) : "";
    detail = transaction.target.authority.host + " matches the rule " + verdict.rule + " (" + verdict.rule_list + line + "; policy " +
             context_.admission.policy_version() + ").";
  }
  Answer refusal{.reason = verdict.reason, .detail = std::move(detail), .retry_after = verdict.retry_after};
  if (verdict.reason == Reason::RateLimit && context_.settings.rate_limit) {
    refusal.limit_requests = context_.settings.rate_limit->requests;
    refusal.limit_window = context_.settings.rate_limit->window;
  }
  return refusal;
}

std::chrono::microseconds Gate::charge(const traffic::ByteCount& so_far, Transaction& transaction) {
  if (context_.client_use == nullptr || identity_.is_exempt) {
    return std::chrono::microseconds(0);
  }
  const options::ClientLimits& limits = context_.settings.client_limits;
  const std::uint64_t total = so_far.sent + so_far.received;
  const std::uint64_t bytes = total - std::min(total, transaction.charged_bytes);
  transaction.charged_bytes = total;
  if (limits.bytes_per_day) {
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now().time_since_epoch());
    context_.client_use->add_bytes(identity_.address.address, static_cast<std::uint32_t>(today.count()), bytes, boot_time());
  }
  if (!limits.bytes_per_second) {
    return std::chrono::microseconds(0);
  }
  return context_.client_use->pace(identity_.address.address, bytes, *limits.bytes_per_second, boot_time());
}

// Who is paced moves less in one go, so that its pauses are short.
std::span<char> Gate::buffer() const {
  const auto& pace = context_.settings.client_limits.bytes_per_second;
  if (!pace || identity_.is_exempt) {
    return context_.buffer;
  }
  return context_.buffer.first(std::clamp<std::size_t>(*pace / 16, 1024, context_.buffer.size()));
}

void Gate::end(Transaction& transaction) {
  if (transaction.is_counted_tunnel) {
    context_.client_use->end(identity_.address.address, policy::ClientUse::Kind::Tunnel);
  }
}

}  // namespace weir::session
