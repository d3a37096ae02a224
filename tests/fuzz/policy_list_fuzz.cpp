// A list of hosts in any mix of formats. Whatever it holds, it is a policy or has one line that is wrong; every rule that
// was read finds the host that it names; and the rules written down as they are told are the same rules.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/policy/compiled_policy.h"
#include "common/policy/host_name.h"
#include "common/policy/list_reader.h"
#include "common/policy/policy_writer.h"
#include "common/policy/rule_collection.h"
#include "tests/fuzz/expect.h"

namespace weir::policy {
namespace {

// A host that the rule must match.
std::string host_of(const RulePattern& rule) { return rule.kind == RulePattern::Kind::Below ? "below." + rule.name : rule.name; }

void check_rule(const RulePattern& rule, const CompiledPolicy& policy) {
  expect(!rule.name.empty() && rule.name.size() <= 253, "a rule has a name");
  expect(is_ascii(rule.name) && to_lower(rule.name) == rule.name, "in lower-case ASCII");
  std::string error;
  const auto again = parse_rule_pattern(rule_text(rule.kind, false, false, rule.name), error);
  expect(again && again->kind == rule.kind && again->name == rule.name, "what is told of a rule is the rule");
  const std::string host = host_of(rule);
  if (rule.kind != RulePattern::Kind::Wildcard && host.size() <= 253) {
    const auto match = policy.match(host);
    expect(match.has_value(), "a rule matches the host that it names");
    expect(!rule.is_exception || match->action == Action::Allow, "an exception allows");
  }
}

void try_list(std::string_view text) {
  RuleCollection rules;
  std::string error;
  rules.begin_list("list", Action::Block, true);
  if (!rules.add_lines(text, error)) {
    expect(!error.empty() && error.find('\n') == std::string::npos, "an error is one line");
    return;
  }
  const std::string image = write_policy(rules, {});
  const auto policy = CompiledPolicy::view(std::as_bytes(std::span(image)), error);
  expect(policy && policy->is_intact(), "what was written can be read");
  const ListReport report = policy->lists().at(0);
  expect(report.entries - report.duplicates == policy->rule_count(), "each entry is a rule or a duplicate");
  ListReader reader;
  text.remove_prefix(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    expect(reader.read(line) != ListReader::Line::Unreadable, "every line was readable before");
    for (const RulePattern& rule : reader.rules()) {
      check_rule(rule, *policy);
    }
  }
}

}  // namespace
}  // namespace weir::policy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::policy::try_list({reinterpret_cast<const char*>(data), size});
  return 0;
}
