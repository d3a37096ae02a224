#include "reporter/explain/explanation_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace weir::explain {

namespace {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Allowed:
      return "allowed";
    case Verdict::Observed:
      return "observed";
    case Verdict::Refused:
      return "refused";
  }
  return "";
}

std::string line(std::string_view what, std::string_view text) {
  constexpr std::size_t kWidth = 14;
  std::string out = "  " + std::string(what);
  out.resize(std::max(out.size() + 1, kWidth + 2), ' ');
  return out + std::string(text) + "\n";
}

nlohmann::ordered_json rule_json(const policy::RuleMatch& match) {
  nlohmann::ordered_json rule{{"action", policy::to_string(match.action)}, {"rule", match.rule}, {"list", match.list}};
  rule["line"] = match.line != 0 ? nlohmann::ordered_json(match.line) : nlohmann::ordered_json();
  return rule;
}

}  // namespace

std::string explanation_text(const Explanation& explanation, const std::string& policy_from) {
  std::string text = explanation.url + " asked for by " + explanation.client.to_string() + ": " + std::string(to_string(explanation.verdict)) +
                     (explanation.reason.empty() ? "" : " (" + explanation.reason + ")") + "\n";
  for (const Step& step : explanation.steps) {
    text += line(step.question, (step.refuses ? "REFUSED: " : "") + step.answer);
    if (step.question == "host") {
      for (std::size_t other = 1; other < explanation.matches.size(); ++other) {
        const policy::RuleMatch& match = explanation.matches[other];
        text += line("", "also matches " + describe(match) + ": " + std::string(policy::to_string(match.action)) + ", overruled");
      }
    }
  }
  text += line("policy", (explanation.policy_version.empty() ? "no rules about hosts" : explanation.policy_version) + ", " + policy_from);
  return text + line("not judged", "logins (--password-file), and what the client asks for and uses over time (--rate-limit, --client-...)");
}

std::string explanation_json(const Explanation& explanation, const std::string& policy_from) {
  nlohmann::ordered_json json{{"url", explanation.url},
                              {"client", explanation.client.to_string()},
                              {"method", explanation.request.is_tunnel ? "CONNECT" : "GET"},
                              {"host", explanation.request.host},
                              {"port", explanation.request.port},
                              {"verdict", to_string(explanation.verdict)}};
  json["reason"] = explanation.reason.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(explanation.reason);
  json["policy"] = explanation.policy_version.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(explanation.policy_version);
  json["policy_from"] = policy_from;
  json["rules"] = nlohmann::ordered_json::array();
  for (const policy::RuleMatch& match : explanation.matches) {
    json["rules"].push_back(rule_json(match));
  }
  json["steps"] = nlohmann::ordered_json::array();
  for (const Step& step : explanation.steps) {
    json["steps"].push_back({{"question", step.question}, {"refuses", step.refuses}, {"answer", step.answer}});
  }
  json["not_judged"] = {"login", "rate", "client_limits"};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir::explain
