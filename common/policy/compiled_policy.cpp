#include "common/policy/compiled_policy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "common/policy/glob.h"
#include "common/policy/host_name.h"
#include "common/policy/rule_record.h"

namespace weir::policy {

namespace {

using Kind = RulePattern::Kind;

constexpr std::size_t kVersionDigits = 12;
constexpr std::uint32_t kNone = ~0u;
// A name of 253 octets has no more labels.
constexpr std::size_t kLevelsMax = kHostNameOctetsMax / 2 + 1;

std::string version_text(const ContentHash& content) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t digit = 0; digit < kVersionDigits; ++digit) {
    text += kDigits[digit % 2 == 0 ? content[digit / 2] >> 4 : content[digit / 2] & 15];
  }
  return text;
}

std::uint32_t read_u32(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class Element>
bool is_sound(const image::Section& section, std::size_t file_bytes) {
  return section.offset >= sizeof(image::Header) && section.offset <= file_bytes && section.bytes <= file_bytes - section.offset &&
         section.offset % alignof(Element) == 0 && section.bytes % sizeof(Element) == 0;
}

bool are_sound(const image::Header& header) {
  const std::size_t bytes = header.file_bytes;
  return is_sound<image::Bucket>(header.buckets, bytes) && is_sound<std::byte>(header.records, bytes) &&
         is_sound<image::Suffix>(header.suffixes, bytes) && is_sound<image::Checkpoint>(header.checkpoints, bytes) &&
         is_sound<image::Wildcard>(header.wildcards, bytes) && is_sound<image::List>(header.lists, bytes) &&
         is_sound<image::SkippedLine>(header.skipped, bytes) && is_sound<char>(header.texts, bytes) &&
         header.buckets.bytes == header.bucket_count * sizeof(image::Bucket) && header.bucket_count > 0 &&
         header.suffixes.bytes == 256 * sizeof(image::Suffix) &&
         header.scanned_first <= header.wildcards.bytes / sizeof(image::Wildcard);
}

// Octets of a word are looked at all at once: a bit for each that is zero. No octet disturbs another one.
std::uint64_t zero_octets(std::uint64_t word) {
  constexpr std::uint64_t kLow = 0x7f7f'7f7f'7f7f'7f7f;
  const std::uint64_t high_bits = ~(((word & kLow) + kLow) | word | kLow);
  return ((high_bits >> 7) * 0x0102'0408'1020'4080) >> 56;
}

std::uint64_t equal_octets(std::uint64_t word, std::uint8_t octet) { return zero_octets(word ^ std::uint64_t{octet} * 0x0101'0101'0101'0101); }

// Bit n: text[n] is a dot. Of 64 octets at most.
std::uint64_t dots_in(std::string_view text) {
  std::uint64_t dots = 0;
  std::uint64_t word = 0;
  std::size_t at = 0;
  for (; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    dots |= equal_octets(word, '.') << at;
  }
  for (; at < text.size(); ++at) {
    dots |= std::uint64_t{text[at] == '.'} << at;
  }
  return dots;
}

// Bit n: slot n is used and has this fingerprint.
unsigned slots_with(const image::Bucket& bucket, std::uint8_t fingerprint) {
  std::uint64_t first = 0;
  std::uint32_t rest = 0;
  static_assert(image::Bucket::kSlots == sizeof first + sizeof rest);
  std::memcpy(&first, bucket.fingerprints.data(), sizeof first);
  std::memcpy(&rest, bucket.fingerprints.data() + sizeof first, sizeof rest);
  const std::uint64_t equal = equal_octets(first, fingerprint) | (equal_octets(rest, fingerprint) & 0xf) << 8;
  return static_cast<unsigned>(equal & ((1u << std::min<unsigned>(bucket.used, image::Bucket::kSlots)) - 1));
}

// Which bit it is.
std::size_t lowest(unsigned bits) { return static_cast<std::size_t>(std::countr_zero(bits)); }

}  // namespace

struct CompiledPolicy::Record {
  std::uint8_t flags = 0;
  std::uint8_t suffix = 0;     // index into the suffixes
  std::string_view rest = {};  // of the name, before the suffix
  std::uint32_t behind = 0;    // offset of what follows the name
};

// A host's name or that of one of its parents.
struct CompiledPolicy::SearchLevel {
  std::uint64_t hash;
  std::uint32_t bucket;  // the first
  std::uint16_t begin;   // in the host; 0 is the host itself
};

// One host on its way through the rules.
struct CompiledPolicy::Search {
  struct Best {
    std::uint32_t rank = kNone;  // by level and kind; the lowest wins
    std::uint32_t record = 0;
    std::uint32_t order = kNone;  // of wildcards; the lowest wins
    const image::Wildcard* wildcard = nullptr;
  };

  // No name is longer than that.
  explicit Search(std::string_view of) : host(of.substr(0, kHostNameOctetsMax)) {}

  // Whether no rule that comes later can change the answer.
  bool is_decided() const {
    for (std::size_t action = 0; action < kActions; ++action) {
      if ((enough & 1u << action) != 0 && best[action].rank != kNone) {
        return true;
      }
    }
    return false;
  }

  std::string_view host;
  std::array<SearchLevel, kLevelsMax> levels;  // the first level_count
  std::size_t level_count = 0;
  std::array<Best, kActions> best;
  std::uint32_t enough = 0;  // bit n: a rule with Action n ends the search
};

CompiledPolicy::CompiledPolicy(std::span<const std::byte> bytes) : bytes_(bytes) {
  buckets_ = section<image::Bucket>(header().buckets);
  records_ = section<std::byte>(header().records);
  suffixes_ = section<image::Suffix>(header().suffixes);
  checkpoints_ = section<image::Checkpoint>(header().checkpoints);
  wildcards_ = section<image::Wildcard>(header().wildcards);
  lists_ = section<image::List>(header().lists);
  texts_ = section<char>(header().texts);
  version_ = version_text(header().content);
}

std::optional<CompiledPolicy> CompiledPolicy::view(std::span<const std::byte> bytes, std::string& error) {
  const auto* header = reinterpret_cast<const image::Header*>(bytes.data());
  if (bytes.size() < sizeof(image::Header) || header->magic != image::kMagic) {
    error = "is no compiled policy";
  } else if (header->format != image::kFormat) {
    error = "was compiled by another version of Weir";
  } else if (header->file_bytes != bytes.size() || !are_sound(*header) ||
             header->header_hash != hash_name({reinterpret_cast<const char*>(header), offsetof(image::Header, header_hash)}, 0)) {
    error = "is damaged";
  } else {
    return CompiledPolicy(bytes);
  }
  return std::nullopt;
}

bool CompiledPolicy::is_intact() const { return hash_content(bytes_.subspan(sizeof(image::Header))) == header().content; }

template <class Element>
std::span<const Element> CompiledPolicy::section(const image::Section& section) const {
  return {reinterpret_cast<const Element*>(bytes_.data() + section.offset), section.bytes / sizeof(Element)};
}

std::string_view CompiledPolicy::text(image::Text text) const {
  const bool is_inside = text.offset <= texts_.size() && text.bytes <= texts_.size() - text.offset;
  return is_inside ? std::string_view(texts_.data() + text.offset, text.bytes) : std::string_view();
}

bool CompiledPolicy::record_at(std::uint32_t offset, Record& record) const {
  if (records_.size() < 3 || offset > records_.size() - 3) {
    return false;
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(records_.data() + offset);
  record = {bytes[0], bytes[1], {reinterpret_cast<const char*>(bytes + 3), bytes[2]}, offset + 3u + bytes[2]};
  return record.behind <= records_.size();
}

bool CompiledPolicy::is_named(const Record& record, std::string_view name) const {
  return name.starts_with(record.rest) && name.substr(record.rest.size()) == text(suffixes_[record.suffix]);
}

// Memory is what a search waits for, so all buckets are asked for before the first is looked at, and all records that may be
// the right ones before the first is read.
void CompiledPolicy::search(Search& search) const {
  note_levels(search);
  for (std::size_t level = search.level_count; level-- > 0;) {  // the host itself is the last one
    const SearchLevel& of = search.levels[level];
    const image::Bucket& bucket = buckets_[of.bucket];
    for (unsigned slots = slots_with(bucket, image::fingerprint(of.hash)); slots != 0; slots &= slots - 1) {
      __builtin_prefetch(records_.data() + std::min<std::size_t>(bucket.records[lowest(slots)], records_.size()));
    }
  }
  for (std::size_t level = search.level_count; level-- > 0;) {
    if (probe(search, search.levels[level]) && search.is_decided()) {
      return;
    }
  }
  try_wildcards(search, wildcards_.subspan(header().scanned_first));
}

// The names that may be filed: the host and its parents, where any rule's name has so many labels.
void CompiledPolicy::note_levels(Search& search) const {
  const std::string_view host = search.host;
  std::size_t labels = 0;
  const auto note = [&](std::size_t begin) {
    ++labels;
    if ((header().label_counts & 1u << std::min<std::size_t>(labels, 31)) == 0 || search.level_count == kLevelsMax) {
      return;
    }
    const std::uint64_t hash = hash_name(host.substr(begin), header().hash_seed);
    const auto bucket = static_cast<std::uint32_t>(image::first_bucket(hash, header().bucket_count));
    __builtin_prefetch(&buckets_[bucket]);
    search.levels[search.level_count++] = {hash, bucket, static_cast<std::uint16_t>(begin)};
  };
  for (std::size_t block = (host.size() + 63) / 64; block-- > 0;) {
    for (std::uint64_t dots = dots_in(host.substr(block * 64, 64)); dots != 0;) {
      const auto last = static_cast<unsigned>(std::bit_width(dots) - 1);
      dots ^= std::uint64_t{1} << last;
      note(block * 64 + last + 1);
    }
  }
  note(0);
}

// Whether any rule of this name was found.
bool CompiledPolicy::probe(Search& search, const SearchLevel& level) const {
  const std::string_view name = search.host.substr(level.begin);
  bool has_found = false;
  std::size_t index = level.bucket;
  for (std::size_t probed = 0; probed < image::kProbedBucketsMax; ++probed) {
    const image::Bucket& bucket = buckets_[index];
    for (unsigned slots = slots_with(bucket, image::fingerprint(level.hash)); slots != 0; slots &= slots - 1) {
      const std::uint32_t offset = bucket.records[lowest(slots)];
      Record record;
      if (record_at(offset, record) && is_named(record, name)) {
        take(search, level, offset, record);
        has_found = true;
      }
    }
    if (bucket.has_overflowed == 0) {
      break;
    }
    index = index + 1 == buckets_.size() ? 0 : index + 1;
  }
  return has_found;
}

void CompiledPolicy::take(Search& search, const SearchLevel& level, std::uint32_t offset, const Record& record) const {
  const Kind kind = record_flags::kind(record.flags);
  if (kind == Kind::Wildcard) {
    if (level.begin != 0 && record.behind + 8 <= records_.size()) {
      const std::size_t first = std::min<std::size_t>(read_u32(records_, record.behind), wildcards_.size());
      const std::size_t count = std::min<std::size_t>(read_u32(records_, record.behind + 4), wildcards_.size() - first);
      try_wildcards(search, wildcards_.subspan(first, count));
    }
    return;
  }
  const unsigned action = record_flags::action(record.flags);
  const bool applies = kind == Kind::AtOrBelow || (kind == Kind::Exact) == (level.begin == 0);
  const auto rank = static_cast<std::uint32_t>(2 * level.begin + (kind == Kind::AtOrBelow ? 1 : 0));
  if (applies && action < kActions && rank < search.best[action].rank) {
    search.best[action].rank = rank;
    search.best[action].record = offset;
  }
}

void CompiledPolicy::try_wildcards(Search& search, std::span<const image::Wildcard> wildcards) const {
  const std::string_view host = search.host;
  for (const image::Wildcard& wildcard : wildcards) {
    const std::string_view pattern = text(wildcard.pattern);
    if (wildcard.action >= kActions || wildcard.head_bytes > pattern.size() || wildcard.tail_bytes > pattern.size()) {
      continue;
    }
    Search::Best& best = search.best[wildcard.action];
    const std::string_view tail = pattern.substr(pattern.size() - wildcard.tail_bytes);
    // Most hosts are refused by one look at the end or the beginning.
    if (wildcard.order < best.order && host.ends_with(tail) && host.starts_with(pattern.substr(0, wildcard.head_bytes)) &&
        glob_matches(pattern, host)) {
      best.order = wildcard.order;
      best.wildcard = &wildcard;
    }
  }
}

std::optional<CompiledPolicy::Found> CompiledPolicy::found(const Search& search, std::size_t action) {
  const Search::Best& best = search.best[action];
  if (best.rank == kNone && best.wildcard == nullptr) {
    return std::nullopt;
  }
  return Found(static_cast<Action>(action), best.record, best.rank == kNone ? best.wildcard : nullptr);
}

std::optional<CompiledPolicy::Found> CompiledPolicy::find(std::string_view host) const {
  Search search(host);
  search.enough = header().actions & (~header().actions + 1);  // the strongest action that any rule has
  this->search(search);
  for (std::size_t action = 0; action < kActions; ++action) {
    if (const auto found = this->found(search, action)) {
      return found;
    }
  }
  return std::nullopt;
}

RuleMatch CompiledPolicy::describe(const Found& found) const {
  return found.wildcard_ != nullptr ? describe_wildcard(*found.wildcard_) : describe_record(found.record_);
}

std::optional<RuleMatch> CompiledPolicy::match(std::string_view host) const {
  const auto found = find(host);
  return found ? std::optional(describe(*found)) : std::nullopt;
}

std::array<std::optional<RuleMatch>, kActions> CompiledPolicy::match_each_action(std::string_view host) const {
  Search search(host);
  this->search(search);
  std::array<std::optional<RuleMatch>, kActions> matches;
  for (std::size_t action = 0; action < kActions; ++action) {
    if (const auto found = this->found(search, action)) {
      matches[action] = describe(*found);
    }
  }
  return matches;
}

// Counts lines from the checkpoint before the record, or from the list's first record if that comes later.
std::uint32_t CompiledPolicy::line_of(std::uint32_t offset, const image::List& list) const {
  const std::size_t block = offset / image::kBytesPerCheckpoint;
  if (block >= checkpoints_.size()) {
    return 0;
  }
  const bool begins_in_list = checkpoints_[block].record >= list.first_record;
  std::uint32_t at = begins_in_list ? checkpoints_[block].record : list.first_record;
  std::uint32_t line = 0;
  for (bool is_first = true; at <= offset; is_first = false) {
    Record record;
    if (!record_at(at, record)) {
      return 0;
    }
    at = record.behind;
    const std::uint32_t step = (record.flags & record_flags::kHasLineStep) != 0 ? read_step(at) : 1;
    line = is_first && begins_in_list ? checkpoints_[block].line : line + step;
  }
  return line;
}

std::uint32_t CompiledPolicy::read_step(std::uint32_t& at) const {
  std::uint32_t step = 0;
  for (unsigned shift = 0; shift < 32 && at < records_.size(); shift += 7) {
    const auto byte = std::to_integer<std::uint32_t>(records_[at++]);
    step |= (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      break;
    }
  }
  return step;
}

RuleMatch CompiledPolicy::describe_record(std::uint32_t offset) const {
  RuleMatch match;
  // Of lists without records the one behind them has the same first record.
  const auto after = std::upper_bound(lists_.begin(), lists_.end(), offset,
                                      [](std::uint32_t record, const image::List& list) { return record < list.first_record; });
  Record record;
  if (!record_at(offset, record) || after == lists_.begin()) {
    return match;
  }
  const std::string name = std::string(record.rest) + std::string(text(suffixes_[record.suffix]));
  match.action = static_cast<Action>(record_flags::action(record.flags));
  match.rule = rule_text(record_flags::kind(record.flags), (record.flags & record_flags::kPlain) != 0,
                         (record.flags & record_flags::kException) != 0, name);
  match.list = text(after[-1].name);
  match.line = after[-1].is_file != 0 ? line_of(offset, after[-1]) : 0;
  return match;
}

RuleMatch CompiledPolicy::describe_wildcard(const image::Wildcard& wildcard) const {
  RuleMatch match;
  match.action = static_cast<Action>(wildcard.action);
  match.rule = text(wildcard.pattern);
  if (wildcard.list < lists_.size()) {
    match.list = text(lists_[wildcard.list].name);
    match.line = lists_[wildcard.list].is_file != 0 ? wildcard.line : 0;
  }
  return match;
}

std::vector<ListReport> CompiledPolicy::lists() const {
  const auto skipped = section<image::SkippedLine>(header().skipped);
  std::vector<ListReport> reports;
  for (const image::List& list : lists_) {
    ListReport report;
    report.name = text(list.name);
    report.action = static_cast<Action>(list.action % kActions);
    report.is_file = list.is_file != 0;
    report.entries = list.entries;
    report.duplicates = list.duplicates;
    report.skipped = list.skipped;
    const std::size_t first = std::min<std::size_t>(list.skipped_first, skipped.size());
    for (const image::SkippedLine& line : skipped.subspan(first, std::min<std::size_t>(list.skipped_kept, skipped.size() - first))) {
      report.skipped_first.push_back({line.line, std::string(text(line.reason))});
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace weir::policy
