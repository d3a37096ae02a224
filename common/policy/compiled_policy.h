// The rules about hosts, compiled: answers which rule decides about a host. A view of bytes that somebody else holds, as a
// rule a mapped file that all workers share (policy_file.h). Pure. See docs/policy.md.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/content_hash.h"
#include "common/policy/policy_image.h"
#include "common/policy/rule_collection.h"

namespace weir::policy {

// A rule that matches a host. The list's name is borrowed from the policy's bytes.
struct RuleMatch {
  Action action = Action::Block;
  std::string rule;  // as a person would write it, see rule_text()
  std::string_view list;
  unsigned line = 0;  // 0: of no file
};

class CompiledPolicy {
 public:
  // Looks at the header alone. False when these are not the bytes of a compiled policy of this version of Weir; `error`
  // says why. Whatever else is wrong with the bytes, no answer reads outside of them.
  [[nodiscard]] static std::optional<CompiledPolicy> view(std::span<const std::byte> bytes, std::string& error);

  // A rule that was found, until describe() says which: most callers only need its action.
  class Found {
   public:
    Action action() const { return action_; }

   private:
    friend class CompiledPolicy;
    Found(Action action, std::uint32_t record, const image::Wildcard* wildcard) : action_(action), record_(record), wildcard_(wildcard) {}
    Action action_;
    std::uint32_t record_;             // offset, unless it is
    const image::Wildcard* wildcard_;  // a wildcard
  };

  // The rule that decides about `host`, which is normalized (see normalized_host()); nothing when none matches. What is
  // allowed is neither blocked nor observed, what is blocked is not observed. Of the rules of that action the most specific
  // name wins (the host itself, then its nearest parent), of one name an exact rule before *.name before ||name^, of equal
  // ones the first; other wildcards come last, in order.
  std::optional<Found> find(std::string_view host) const;
  RuleMatch describe(const Found& found) const;
  std::optional<RuleMatch> match(std::string_view host) const;
  // For each action the rule that would decide if there were no other action.
  std::array<std::optional<RuleMatch>, kActions> match_each_action(std::string_view host) const;

  std::size_t rule_count() const { return header().rule_count; }
  // Of what it was compiled from.
  const ContentHash& inputs() const { return header().inputs; }
  // Twelve hexadecimal digits: the same rules in the same lists have the same version.
  const std::string& version() const { return version_; }
  // Reads everything: whether all is as it was written.
  bool is_intact() const;
  std::vector<ListReport> lists() const;

 private:
  struct Record;
  struct Search;
  struct SearchLevel;

  explicit CompiledPolicy(std::span<const std::byte> bytes);

  const image::Header& header() const { return *reinterpret_cast<const image::Header*>(bytes_.data()); }
  template <class Element>
  std::span<const Element> section(const image::Section& section) const;
  std::string_view text(image::Text text) const;
  bool record_at(std::uint32_t offset, Record& record) const;
  bool is_named(const Record& record, std::string_view name) const;

  void search(Search& search) const;
  void note_levels(Search& search) const;
  bool probe(Search& search, const SearchLevel& level) const;
  void take(Search& search, const SearchLevel& level, std::uint32_t offset, const Record& record) const;
  void try_wildcards(Search& search, std::span<const image::Wildcard> wildcards) const;
  RuleMatch describe_record(std::uint32_t offset) const;
  RuleMatch describe_wildcard(const image::Wildcard& wildcard) const;
  std::uint32_t line_of(std::uint32_t record, const image::List& list) const;
  std::uint32_t read_step(std::uint32_t& offset) const;
  static std::optional<Found> found(const Search& search, std::size_t action);

  std::span<const std::byte> bytes_;
  std::span<const image::Bucket> buckets_;
  std::span<const std::byte> records_;
  std::span<const image::Suffix> suffixes_;
  std::span<const image::Checkpoint> checkpoints_;
  std::span<const image::Wildcard> wildcards_;
  std::span<const image::List> lists_;
  std::span<const char> texts_;
  std::string version_;
};

}  // namespace weir::policy
