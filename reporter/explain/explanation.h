// What the policy would do with a request, and why: the questions that a worker asks, in its order, answered by the same
// code. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/options/settings.h"
#include "common/policy/compiled_policy.h"
#include "reporter/explain/requested_url.h"

namespace weir::explain {

enum class Verdict { Allowed, Observed, Refused };

struct Step {
  std::string question;     // "client", "port", "host", "destination"
  bool refuses = false;
  std::string answer;       // a sentence
};

struct Explanation {
  std::string url;
  RequestedUrl request;
  base::IpAddress client;
  Verdict verdict = Verdict::Allowed;
  std::string reason;       // of a refusal, as records have it
  std::vector<Step> steps;  // all of them, also those behind a refusal
  // All rules that match, the one that decides first.
  std::vector<policy::RuleMatch> matches;
  std::string policy_version;  // empty: there are no rules
};

// `policy` is nullptr when there are no rules. How often the client asks, and who has logged in, is not judged here.
// The rule, and where it stands.
std::string describe(const policy::RuleMatch& match);

Explanation explain(const options::Settings& settings, const policy::CompiledPolicy* policy, const RequestedUrl& request);

}  // namespace weir::explain
