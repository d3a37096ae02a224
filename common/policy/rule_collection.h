// Rules on their way into a compiled policy: each kept once, in the order in which they came, with the list and line that
// it stands in; and what each list had that is no rule. Pure; memory: about 40 bytes a rule and its name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/policy/rule_pattern.h"
#include "common/policy/rule_sources.h"

namespace weir::policy {

// What was found in one list. What it could not express is counted; the first few lines are kept with their reasons.
struct ListReport {
  static constexpr std::size_t kSkippedKeptMax = 20;
  struct Skipped {
    std::uint32_t line;
    std::string reason;
  };

  std::string name;  // the file as given, or the option for patterns on the command line
  Action action = Action::Block;
  bool is_file = false;
  std::uint32_t entries = 0;     // rules read, duplicates included
  std::uint32_t duplicates = 0;  // of those, said before by this or an earlier list
  std::uint32_t skipped = 0;     // lines with something that no rule here can express
  std::vector<Skipped> skipped_first;
};

class RuleCollection {
 public:
  // Patterns that have wildcards elsewhere than *.name may have to be tried one after the other: there may not be many.
  static constexpr std::size_t kWildcardsMax = 10'000;
  static constexpr std::size_t kLineBytesMax = 64 * 1024;

  // A rule that is filed under its name. The flags' bits are those of the compiled record.
  struct Named {
    std::uint32_t name_offset;
    std::uint32_t line;
    std::uint16_t list;
    std::uint8_t name_bytes;
    std::uint8_t flags;
  };
  struct Wildcard {
    std::string pattern;
    std::uint32_t line;
    std::uint16_t list;
    Action action;
  };

  RuleCollection();

  // From here on rules belong to this list.
  void begin_list(std::string name, Action action, bool is_file);
  // One pattern, numbered from 1 in its list. False when it is none; `error` quotes it and says why.
  [[nodiscard]] bool add_pattern(std::string_view pattern, std::string& error);
  // All lines of a file. False when one is unreadable; `error` is "LINE: what is wrong".
  [[nodiscard]] bool add_lines(std::string_view text, std::string& error);

  const std::vector<ListReport>& lists() const { return lists_; }
  const std::vector<Named>& named() const { return named_; }
  const std::vector<Wildcard>& wildcards() const { return wildcards_; }
  std::string_view name_of(const Named& rule) const { return std::string_view(names_).substr(rule.name_offset, rule.name_bytes); }
  // Only add needs the table of what is there already: its memory can serve otherwise.
  void forget_duplicates() { std::vector<std::uint32_t>().swap(seen_); }

 private:
  [[nodiscard]] bool add(const RulePattern& rule, std::uint32_t line, std::string& error);
  [[nodiscard]] bool add_wildcard(const RulePattern& rule, Action action, std::uint32_t line, std::string& error);
  bool is_new(std::string_view name, std::uint8_t flags);
  void expect(std::size_t lines, std::size_t bytes);
  void grow_seen(std::size_t slots);
  std::size_t place_of(std::string_view name, std::uint8_t flags) const;

  std::vector<ListReport> lists_;
  std::vector<Named> named_;
  std::string names_;
  std::vector<Wildcard> wildcards_;
  std::unordered_set<std::string> seen_wildcards_;  // "ACTION PATTERN"
  std::vector<std::uint32_t> seen_;  // open addressing: index into named_ + 1, or 0
  std::uint64_t seed_;               // so that nobody can choose names that collide
  std::size_t place_ = 0;            // in seen_, of what is_new() was asked last
  std::uint32_t next_line_ = 1;      // of add_pattern
};

}  // namespace weir::policy
