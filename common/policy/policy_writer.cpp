#include "common/policy/policy_writer.h"

#include <algorithm>
#include <map>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/policy/glob.h"
#include "common/policy/policy_image.h"
#include "common/policy/rule_record.h"

namespace weir::policy {

namespace {

constexpr std::size_t kSuffixes = 256;  // the first is empty
constexpr double kBucketLoad = 0.80;
constexpr std::size_t kBucketAlignment = 64;

std::size_t label_count(std::string_view name) { return 1 + static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')); }

// ".com" of "www.example.com"; empty without a dot.
std::string_view last_label(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot);
}

// Where a wildcard can be found by a name: "example.com" of "ad*.example.com". Empty when any name may match.
std::string_view parent_of(std::string_view tail) {
  const std::size_t dot = tail.find('.');
  return dot == std::string_view::npos ? std::string_view() : tail.substr(dot + 1);
}

std::string_view tail_of(std::string_view pattern) { return pattern.substr(pattern.find_last_of("*?]") + 1); }

class PolicyWriter {
 public:
  PolicyWriter(RuleCollection& rules, const ContentHash& inputs) : rules_(rules), inputs_(inputs) {}

  std::string write() {
    rules_.forget_duplicates();
    choose_suffixes();
    sort_wildcards();
    const std::size_t names = rules_.named().size() + parents_.size();
    const auto buckets = static_cast<std::uint32_t>(1 + static_cast<double>(names) / (image::Bucket::kSlots * kBucketLoad));
    header_.bucket_count = buckets;
    reserve(names, buckets);
    begin(header_.buckets, kBucketAlignment);
    out_.resize(out_.size() + buckets * sizeof(image::Bucket));
    header_.buckets.bytes = buckets * sizeof(image::Bucket);
    begin(header_.records, 8);
    write_records();
    write_parents();
    end(header_.records);
    fill_buckets();
    write_rest();
    write_header();
    return std::move(out_);
  }

 private:
  struct ParentedWildcards {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  void reserve(std::size_t names, std::size_t buckets) {
    std::size_t name_bytes = 0;
    for (const RuleCollection::Named& rule : rules_.named()) {
      name_bytes += 4u + rule.name_bytes;
    }
    out_.reserve(sizeof(image::Header) + buckets * sizeof(image::Bucket) + name_bytes + names / 2 + (1u << 20));
    out_.resize(sizeof(image::Header));
  }

  void begin(image::Section& section, std::size_t alignment) {
    out_.resize((out_.size() + alignment - 1) / alignment * alignment);
    section.offset = out_.size();
  }
  void end(image::Section& section) { section.bytes = out_.size() - section.offset; }

  template <class Element>
  void write_section(image::Section& section, const std::vector<Element>& elements) {
    begin(section, 8);
    out_.append(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(Element));
    end(section);
  }

  image::Text keep_text(std::string_view text) {
    const auto offset = static_cast<std::uint32_t>(texts_.size());
    texts_ += text;
    return {offset, static_cast<std::uint32_t>(text.size())};
  }

  // The last labels that save most when each is written once.
  void choose_suffixes() {
    std::unordered_map<std::string_view, std::size_t> uses;
    for (const RuleCollection::Named& rule : rules_.named()) {
      ++uses[last_label(rules_.name_of(rule))];
    }
    uses.erase(std::string_view());
    std::vector<std::pair<std::size_t, std::string_view>> by_saving;
    for (const auto& [suffix, count] : uses) {
      by_saving.emplace_back(count * suffix.size(), suffix);
    }
    // By name among equals: the same rules give the same bytes.
    std::sort(by_saving.begin(), by_saving.end(), [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    by_saving.resize(std::min(by_saving.size(), kSuffixes - 1));
    suffixes_.assign(kSuffixes, {});
    std::uint8_t code = 0;
    for (const auto& [saving, suffix] : by_saving) {
      suffixes_[++code] = keep_text(suffix);
      suffix_codes_.emplace(suffix, code);
    }
  }

  // Those that a name leads to, by that name, then the others; each group in the order of their lists.
  void sort_wildcards() {
    const auto& wildcards = rules_.wildcards();
    std::map<std::string_view, std::vector<std::uint32_t>> by_parent;
    for (std::uint32_t order = 0; order < wildcards.size(); ++order) {
      by_parent[parent_of(tail_of(wildcards[order].pattern))].push_back(order);
    }
    const auto take = [&](const std::vector<std::uint32_t>& orders) {
      for (const std::uint32_t order : orders) {
        wildcards_.push_back(compiled(wildcards[order], order));
      }
    };
    for (const auto& [parent, orders] : by_parent) {
      if (!parent.empty()) {
        parents_[parent] = {static_cast<std::uint32_t>(wildcards_.size()), static_cast<std::uint32_t>(orders.size())};
        take(orders);
      }
    }
    header_.scanned_first = static_cast<std::uint32_t>(wildcards_.size());
    take(by_parent[{}]);
  }

  image::Wildcard compiled(const RuleCollection::Wildcard& wildcard, std::uint32_t order) {
    const std::string_view pattern = wildcard.pattern;
    header_.actions |= 1u << static_cast<unsigned>(wildcard.action);
    return {.pattern = keep_text(pattern),
            .head_bytes = static_cast<std::uint16_t>(pattern.find_first_of("*?[")),
            .tail_bytes = static_cast<std::uint16_t>(tail_of(pattern).size()),
            .line = wildcard.line,
            .list = wildcard.list,
            .action = static_cast<std::uint16_t>(wildcard.action),
            .order = order};
  }

  std::uint32_t record_offset() const { return static_cast<std::uint32_t>(out_.size() - header_.records.offset); }

  void write_name(std::string_view name) {
    const auto suffix = suffix_codes_.find(last_label(name));
    const std::uint8_t code = suffix == suffix_codes_.end() ? std::uint8_t{0} : suffix->second;
    const std::string_view rest = name.substr(0, name.size() - suffixes_[code].bytes);
    out_ += static_cast<char>(code);
    out_ += static_cast<char>(rest.size());
    out_ += rest;
    header_.label_counts |= 1u << std::min<std::size_t>(label_count(name), 31);
  }

  void write_step(std::uint32_t lines) {
    for (; lines >= 0x80; lines >>= 7) {
      out_ += static_cast<char>(0x80 | (lines & 0x7f));
    }
    out_ += static_cast<char>(lines);
  }

  void write_records() {
    std::uint32_t line = 0;
    for (const RuleCollection::Named& rule : rules_.named()) {
      while (first_records_.size() <= rule.list) {
        first_records_.push_back(record_offset());
        line = 0;
      }
      while (checkpoints_.size() <= record_offset() / image::kBytesPerCheckpoint) {
        checkpoints_.push_back({record_offset(), rule.line});
      }
      const bool has_step = rule.line != line + 1;
      out_ += static_cast<char>(rule.flags | (has_step ? record_flags::kHasLineStep : 0));
      write_name(rules_.name_of(rule));
      if (has_step) {
        write_step(rule.line - line);
      }
      header_.actions |= 1u << record_flags::action(rule.flags);
      line = rule.line;
    }
    first_records_.resize(rules_.lists().size(), record_offset());
  }

  void write_parents() {
    for (const auto& [parent, wildcards] : parents_) {
      out_ += static_cast<char>(RulePattern::Kind::Wildcard);
      write_name(parent);
      out_.append(reinterpret_cast<const char*>(&wildcards), sizeof wildcards);
    }
  }

  // Another seed in the unlikely case that too many names come to lie together; it follows from the inputs as well.
  void fill_buckets() {
    std::memcpy(&header_.hash_seed, inputs_.data(), sizeof header_.hash_seed);
    while (!try_fill_buckets()) {
      ++header_.hash_seed;
    }
  }

  bool try_fill_buckets() {
    auto* first = reinterpret_cast<image::Bucket*>(out_.data() + header_.buckets.offset);
    const std::span<image::Bucket> buckets(first, header_.bucket_count);
    std::memset(first, 0, buckets.size_bytes());
    std::uint32_t offset = 0;
    const auto file = [&](std::string_view name) {
      const std::uint32_t record = offset;
      offset += 3 + static_cast<std::uint8_t>(out_[header_.records.offset + offset + 2]);
      return insert(buckets, hash_name(name, header_.hash_seed), record);
    };
    for (const RuleCollection::Named& rule : rules_.named()) {
      const auto flags = static_cast<std::uint8_t>(out_[header_.records.offset + offset]);
      if (!file(rules_.name_of(rule))) {
        return false;
      }
      for (bool more = (flags & record_flags::kHasLineStep) != 0; more;) {
        more = (static_cast<std::uint8_t>(out_[header_.records.offset + offset++]) & 0x80) != 0;
      }
    }
    for (const auto& [parent, wildcards] : parents_) {
      if (!file(parent)) {
        return false;
      }
      offset += sizeof wildcards;
    }
    return true;
  }

  static bool insert(std::span<image::Bucket> buckets, std::uint64_t hash, std::uint32_t record) {
    std::size_t index = image::first_bucket(hash, static_cast<std::uint32_t>(buckets.size()));
    for (std::size_t probed = 0; probed < image::kProbedBucketsMax; ++probed) {
      image::Bucket& bucket = buckets[index];
      if (bucket.used < image::Bucket::kSlots) {
        bucket.fingerprints[bucket.used] = image::fingerprint(hash);
        bucket.records[bucket.used] = record;
        ++bucket.used;
        return true;
      }
      bucket.has_overflowed = 1;
      index = index + 1 == buckets.size() ? 0 : index + 1;
    }
    return false;
  }

  void write_rest() {
    std::vector<image::List> lists;
    std::vector<image::SkippedLine> skipped;
    for (const ListReport& list : rules_.lists()) {
      lists.push_back({.name = keep_text(list.name),
                       .first_record = first_records_[lists.size()],
                       .action = static_cast<std::uint32_t>(list.action),
                       .is_file = list.is_file ? 1u : 0u,
                       .entries = list.entries,
                       .duplicates = list.duplicates,
                       .skipped = list.skipped,
                       .skipped_first = static_cast<std::uint32_t>(skipped.size()),
                       .skipped_kept = static_cast<std::uint32_t>(list.skipped_first.size())});
      for (const ListReport::Skipped& line : list.skipped_first) {
        skipped.push_back({keep_text(line.reason), line.line});
      }
    }
    write_section(header_.suffixes, suffixes_);
    write_section(header_.checkpoints, checkpoints_);
    write_section(header_.wildcards, wildcards_);
    write_section(header_.lists, lists);
    write_section(header_.skipped, skipped);
    begin(header_.texts, 8);
    out_ += texts_;
    end(header_.texts);
  }

  void write_header() {
    header_.magic = image::kMagic;
    header_.format = image::kFormat;
    header_.file_bytes = out_.size();
    header_.inputs = inputs_;
    header_.rule_count = static_cast<std::uint32_t>(rules_.named().size() + rules_.wildcards().size());
    header_.content = hash_content(std::as_bytes(std::span(out_).subspan(sizeof(image::Header))));
    header_.header_hash = hash_name({reinterpret_cast<const char*>(&header_), offsetof(image::Header, header_hash)}, 0);
    std::memcpy(out_.data(), &header_, sizeof header_);
  }

  RuleCollection& rules_;
  const ContentHash& inputs_;
  image::Header header_{};
  std::string out_;
  std::string texts_;
  std::vector<image::Suffix> suffixes_;
  std::unordered_map<std::string_view, std::uint8_t> suffix_codes_;
  std::vector<image::Checkpoint> checkpoints_;
  std::vector<std::uint32_t> first_records_;  // of each list
  std::vector<image::Wildcard> wildcards_;
  std::map<std::string_view, ParentedWildcards> parents_;
};

}  // namespace

std::string write_policy(RuleCollection& rules, const ContentHash& inputs) { return PolicyWriter(rules, inputs).write(); }

}  // namespace weir::policy
