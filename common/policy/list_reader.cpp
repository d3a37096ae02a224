#include "common/policy/list_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/ip_address.h"
#include "common/policy/glob.h"

namespace weir::policy {

namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

// What hosts files call the machine itself and its network: no rules.
constexpr std::array<std::string_view, 14> kLocalNames{
    "localhost",     "localhost.localdomain", "localhost4",     "localhost6",       "localhost6.localdomain6",
    "local",         "broadcasthost",         "ip6-localhost",  "ip6-loopback",     "ip6-localnet",
    "ip6-mcastprefix", "ip6-allnodes",        "ip6-allrouters", "ip6-allhosts"};

// Options after $ that do not narrow what a rule means for a proxy, which sees hosts and not pages.
constexpr std::array<std::string_view, 4> kHarmlessOptions{"all", "doc", "document", "important"};

template <std::size_t N>
bool is_among(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// The length of the separator of a rule about parts of a page, such as ## or #@?#, at the # where `text` begins; 0 when
// there is none.
std::size_t cosmetic_separator(std::string_view text) {
  const std::size_t end = text.find_first_not_of("@?$%", 1);
  return end <= 4 && end < text.size() && text[end] == '#' ? end + 1 : 0;
}

constexpr std::array<std::string_view, 3> kDnsmasqKeys{"address=/", "server=/", "local=/"};

bool is_dnsmasq(std::string_view line) {
  return std::any_of(kDnsmasqKeys.begin(), kDnsmasqKeys.end(), [line](std::string_view key) { return line.starts_with(key); });
}

// Hides or changes parts of a page: `name##selector`.
bool is_cosmetic(std::string_view line) {
  const std::size_t hash = line.find('#');
  if (hash == std::string_view::npos || is_blank(line[hash - 1])) {
    return false;
  }
  const std::size_t end = hash + cosmetic_separator(line.substr(hash));
  return end != hash && end < line.size() && !is_blank(line[end]);
}

// What stands before a # is no part of the comment; in dnsmasq's lines a blank stands before that.
std::string_view without_comment(std::string_view line) {
  std::size_t hash = line.find('#');
  while (hash != std::string_view::npos && is_dnsmasq(line) && !is_blank(line[hash - 1])) {
    hash = line.find('#', hash + 1);
  }
  return trimmed(line.substr(0, hash));
}

// The usual names have these bytes and no others.
bool is_name_like(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

// 0.0.0.0, 127.0.0.1, ::, ::1: a name that is given such an address leads nowhere.
bool leads_nowhere(const base::IpAddress& address) {
  static const base::IpAddress kAny;
  static const base::IpAddress kAnyV4 = *base::IpAddress::parse("0.0.0.0");
  return address == kAny || address == kAnyV4 || base::any_contains(base::loopback_networks(), address);
}

// What is wrong with the options of a ||name^ rule, or nothing.
std::string find_narrowing_option(std::string_view options) {
  while (!options.empty()) {
    const std::string_view option = options.substr(0, options.find(','));
    options.remove_prefix(std::min(option.size() + 1, options.size()));
    if (!is_among(option, kHarmlessOptions)) {
      return "has the option " + in_quotes(option) + ", which a proxy cannot judge";
    }
  }
  return {};
}

}  // namespace

ListReader::Line ListReader::skip(std::string reason) {
  reason_ = std::move(reason);
  return Line::Skipped;
}

ListReader::Line ListReader::read(std::string_view line) {
  rules_.clear();
  line = trimmed(line);
  if (!is_adblock_list_ && is_name_like(line)) {
    return read_pattern(line);
  }
  if (line.empty() || line.front() == '#' || line.front() == '!') {
    return Line::Read;
  }
  if (is_cosmetic(line)) {
    return skip("is about parts of a page, which a proxy does not see");
  }
  line = without_comment(line);
  if (line.starts_with("[Ad") && line.ends_with(']')) {
    is_adblock_list_ = true;
    return Line::Read;
  }
  if (line.starts_with("||") || line.starts_with("@@")) {
    return read_adblock(line);
  }
  if (const std::size_t blank = line.find_first_of(kBlanks); blank != std::string_view::npos) {
    const std::string_view address = line.substr(0, blank);
    if (base::IpAddress::parse(address.substr(0, address.find('%')))) {
      return read_hosts(line, blank);
    }
  }
  if (is_adblock_list_ || line.front() == '|' || line.front() == '/' || line.find_first_of("^$") != std::string_view::npos) {
    return skip("is an AdBlock rule about more than a host: ||name^ and @@||name^ are understood");
  }
  if (is_dnsmasq(line)) {
    return read_dnsmasq(line.substr(line.find('/')), line.front() == 'a' ? DnsmasqTarget::Address : DnsmasqTarget::NameServer);
  }
  return read_pattern(line);
}

// `0.0.0.0 name name...`
ListReader::Line ListReader::read_hosts(std::string_view line, std::size_t address_end) {
  const std::string_view address_text = line.substr(0, std::min(address_end, line.find('%')));
  const auto address = base::IpAddress::parse(address_text);
  Line outcome = Line::Read;
  std::string_view rest = trimmed(line.substr(address_end));
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find_first_of(kBlanks));
    rest = trimmed(rest.substr(name.size()));
    if (is_among(name, kLocalNames) || name == address_text) {
      continue;
    }
    if (!address || !leads_nowhere(*address)) {
      return skip("gives a name a real address; 0.0.0.0, 127.0.0.1, :: and ::1 block");
    }
    auto pattern = parse_rule_pattern(name, reason_);
    if (!pattern || pattern->kind != RulePattern::Kind::Exact) {
      outcome = skip(pattern ? in_quotes(name) + " is no host name" : reason_);
      continue;
    }
    rules_.push_back(std::move(*pattern));
  }
  return outcome;
}

// `||name^$options`, and the same after @@.
ListReader::Line ListReader::read_adblock(std::string_view line) {
  const bool is_exception = line.starts_with("@@");
  std::string_view text = line.substr(is_exception ? 2 : 0);
  if (!text.starts_with("||")) {
    return skip("is an exception for more than a host: @@||name^ is understood");
  }
  const std::size_t dollar = text.find('$');
  if (dollar != std::string_view::npos) {
    if (std::string wrong = find_narrowing_option(text.substr(dollar + 1)); !wrong.empty()) {
      return skip(std::move(wrong));
    }
    text = text.substr(0, dollar);
  }
  const bool is_below = text.starts_with("||*.");
  const std::string without_star = is_below ? "||" + std::string(text.substr(4)) : std::string();
  auto pattern = parse_rule_pattern(is_below ? std::string_view(without_star) : text, reason_);
  if (!pattern) {
    return Line::Skipped;
  }
  if (is_below) {
    pattern->kind = RulePattern::Kind::Below;
  }
  pattern->is_exception = is_exception;
  rules_.push_back(std::move(*pattern));
  return Line::Read;
}

bool ListReader::add_at_or_below(std::string_view name) {
  auto pattern = parse_rule_pattern(name, reason_);
  if (!pattern) {
    return false;
  }
  if (pattern->kind == RulePattern::Kind::Exact && !pattern->is_address) {
    pattern->kind = RulePattern::Kind::AtOrBelow;
    pattern->is_plain = true;
  }
  rules_.push_back(std::move(*pattern));
  return true;
}

// `address=/name/name/target`, `server=/name/target`, `local=/name/`: dnsmasq takes a name with all below it.
ListReader::Line ListReader::read_dnsmasq(std::string_view domains_and_target, DnsmasqTarget target_kind) {
  const std::size_t last_slash = domains_and_target.rfind('/');
  if (last_slash == 0) {
    return skip("names no domain between slashes");
  }
  const std::string_view target = domains_and_target.substr(last_slash + 1);
  const bool takes_address = target_kind == DnsmasqTarget::Address;
  if (!takes_address && !target.empty()) {
    return skip("asks another name server, and blocks nothing");
  }
  const auto address = base::IpAddress::parse(target);
  if (takes_address && !target.empty() && target != "#" && (!address || !leads_nowhere(*address))) {
    return skip("gives a name a real address; none, #, 0.0.0.0, 127.0.0.1, :: and ::1 block");
  }
  std::string_view domains = domains_and_target.substr(1, last_slash - 1);
  Line outcome = Line::Read;
  while (true) {
    const std::string_view domain = domains.substr(0, domains.find('/'));
    if (domain == "#") {
      rules_.push_back({.kind = RulePattern::Kind::Wildcard, .name = "*"});
    } else if (has_wildcard(domain) || !add_at_or_below(domain)) {
      outcome = skip(has_wildcard(domain) ? in_quotes(domain) + " has a wildcard" : reason_);
    }
    if (domain.size() == domains.size()) {
      return outcome;
    }
    domains.remove_prefix(domain.size() + 1);
  }
}

// A name with all below it, `.name` for the same, or a pattern with wildcards.
ListReader::Line ListReader::read_pattern(std::string_view text) {
  const std::string_view name = text.starts_with('.') && !has_wildcard(text) ? text.substr(1) : text;
  if (add_at_or_below(name)) {
    return Line::Read;
  }
  // One bad name among a million is not the operator's doing; a line that is no name at all is another kind of file.
  return is_name_like(text) ? Line::Skipped : Line::Unreadable;
}

}  // namespace weir::policy
