// Understands the lines of a list of hosts, each in whichever of the usual formats it is written: wildcard patterns, hosts
// files, plain names, the ||name^ subset of AdBlock lists, dnsmasq. docs/policy.md says what each means. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/policy/rule_pattern.h"

namespace weir::policy {

// One list, from its first line to its last.
class ListReader {
 public:
  enum class Line {
    Read,        // its rules, if it has any, are in rules()
    Skipped,     // so far as rules() does not say it, it cannot be expressed; reason() says why
    Unreadable,  // it has none of the formats; reason() says what is wrong
  };

  // `line` is without its end. What the reader gives is valid until the next line.
  Line read(std::string_view line);
  const std::vector<RulePattern>& rules() const { return rules_; }
  const std::string& reason() const { return reason_; }

 private:
  Line skip(std::string reason);
  Line read_hosts(std::string_view line, std::size_t address_end);
  Line read_adblock(std::string_view line);
  enum class DnsmasqTarget { Address, NameServer };
  Line read_dnsmasq(std::string_view domains_and_target, DnsmasqTarget target_kind);
  Line read_pattern(std::string_view text);
  bool add_at_or_below(std::string_view name);

  std::vector<RulePattern> rules_;
  std::string reason_;
  bool is_adblock_list_ = false;  // by its first line: what is not ||name^ in it speaks of parts of addresses
};

}  // namespace weir::policy
