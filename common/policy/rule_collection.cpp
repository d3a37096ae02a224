#include "common/policy/rule_collection.h"

#include <algorithm>
#include <random>
#include <utility>

#include "common/policy/content_hash.h"
#include "common/policy/list_reader.h"
#include "common/policy/rule_record.h"

namespace weir::policy {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kSeenSlotsMin = 1024;
constexpr std::size_t kNamesBytesMax = std::size_t{2} << 30;  // offsets of records have 32 bits

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

RuleCollection::RuleCollection() : seen_(kSeenSlotsMin), seed_(random_seed()) {}

void RuleCollection::begin_list(std::string name, Action action, bool is_file) {
  ListReport report;
  report.name = std::move(name);
  report.action = action;
  report.is_file = is_file;
  lists_.push_back(std::move(report));
  next_line_ = 1;
}

bool RuleCollection::add_pattern(std::string_view pattern, std::string& error) {
  const auto rule = parse_rule_pattern(pattern, error);
  return rule && add(*rule, next_line_++, error);
}

bool RuleCollection::add_lines(std::string_view text, std::string& error) {
  ListReader reader;
  ListReport& report = lists_.back();
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  expect(1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), text.size());
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto fail = [&](const std::string& why) {
      error = std::to_string(number) + ": " + why;
      return false;
    };
    if (line.size() > kLineBytesMax) {
      return fail("longer than " + std::to_string(kLineBytesMax) + " bytes");
    }
    const ListReader::Line outcome = reader.read(line);
    if (outcome == ListReader::Line::Unreadable) {
      return fail(reader.reason());
    }
    if (outcome == ListReader::Line::Skipped) {
      ++report.skipped;
      if (report.skipped_first.size() < ListReport::kSkippedKeptMax) {
        report.skipped_first.push_back({number, reader.reason()});
      }
    }
    for (const RulePattern& rule : reader.rules()) {
      if (std::string wrong; !add(rule, number, wrong)) {
        return fail(wrong);
      }
    }
  }
  return true;
}

bool RuleCollection::add(const RulePattern& rule, std::uint32_t line, std::string& error) {
  ListReport& report = lists_.back();
  const Action action = rule.is_exception ? Action::Allow : report.action;
  ++report.entries;
  if (rule.kind == RulePattern::Kind::Wildcard) {
    return add_wildcard(rule, action, line, error);
  }
  const std::uint8_t flags = record_flags::make(rule, action);
  if (!is_new(rule.name, flags)) {
    ++report.duplicates;
    return true;
  }
  if (names_.size() + rule.name.size() > kNamesBytesMax) {
    error = "is one rule too many: all names together are larger than 2 GiB";
    return false;
  }
  named_.push_back({static_cast<std::uint32_t>(names_.size()), line, static_cast<std::uint16_t>(lists_.size() - 1),
                    static_cast<std::uint8_t>(rule.name.size()), flags});
  names_ += rule.name;
  seen_[place_] = static_cast<std::uint32_t>(named_.size());
  if (named_.size() * 4 > seen_.size() * 3) {
    grow_seen(seen_.size() * 2);
  }
  return true;
}

bool RuleCollection::add_wildcard(const RulePattern& rule, Action action, std::uint32_t line, std::string& error) {
  const std::string key = std::string(to_string(action)) + ' ' + rule.name;
  if (seen_wildcards_.contains(key)) {
    ++lists_.back().duplicates;
    return true;
  }
  if (wildcards_.size() == kWildcardsMax) {
    error = in_quotes(rule.name) + " is one pattern too many: beside names and *.name there may be " + std::to_string(kWildcardsMax);
    return false;
  }
  seen_wildcards_.insert(key);
  wildcards_.push_back({rule.name, line, static_cast<std::uint16_t>(lists_.size() - 1), action});
  return true;
}

// Leaves in place_ where the rule belongs.
bool RuleCollection::is_new(std::string_view name, std::uint8_t flags) {
  place_ = place_of(name, flags);
  return seen_[place_] == 0;
}

std::size_t RuleCollection::place_of(std::string_view name, std::uint8_t flags) const {
  const std::uint8_t identity = flags & record_flags::kIdentity;
  std::size_t place = hash_name(name, seed_ ^ identity) & (seen_.size() - 1);
  while (seen_[place] != 0) {
    const Named& other = named_[seen_[place] - 1];
    if ((other.flags & record_flags::kIdentity) == identity && name_of(other) == name) {
      break;
    }
    place = (place + 1) & (seen_.size() - 1);
  }
  return place;
}

// Makes room for one rule a line at once: to grow step by step takes longer than to read the rules.
void RuleCollection::expect(std::size_t lines, std::size_t bytes) {
  named_.reserve(named_.size() + lines);
  names_.reserve(names_.size() + bytes);
  std::size_t slots = seen_.size();
  while ((named_.size() + lines) * 4 > slots * 3) {
    slots *= 2;
  }
  if (slots != seen_.size()) {
    grow_seen(slots);
  }
}

void RuleCollection::grow_seen(std::size_t slots) {
  std::vector<std::uint32_t>(slots).swap(seen_);
  for (std::size_t index = 0; index < named_.size(); ++index) {
    seen_[place_of(name_of(named_[index]), named_[index].flags)] = static_cast<std::uint32_t>(index + 1);
  }
}

}  // namespace weir::policy
