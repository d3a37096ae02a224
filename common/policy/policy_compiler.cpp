#include "common/policy/policy_compiler.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/base/unique_fd.h"
#include "common/policy/policy_image.h"
#include "common/policy/policy_writer.h"
#include "common/policy/rule_collection.h"

namespace weir::policy {

namespace {

struct Part {
  Action action;
  const RuleSources::OfAction& sources;
};

std::array<Part, kActions> parts_of(const RuleSources& sources) {
  return {Part{Action::Allow, sources.allow}, Part{Action::Block, sources.block}, Part{Action::Observe, sources.observe}};
}

bool fail(const std::filesystem::path& path, const std::string& why, std::string& error) {
  error = path.string() + ": " + why;
  return false;
}

bool fail_to_read(const std::filesystem::path& path, int code, std::string& error) {
  return fail(path, std::string("cannot read: ") + std::strerror(code), error);
}

// Read, not mapped: a list that is cut short meanwhile would end a process that has it mapped.
bool read_whole(const std::filesystem::path& path, std::string& text, std::string& error) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd.is_open() || ::fstat(fd.value(), &status) < 0) {
    return fail_to_read(path, errno, error);
  }
  if (!S_ISREG(status.st_mode)) {
    return S_ISDIR(status.st_mode) ? fail_to_read(path, EISDIR, error) : fail(path, "is not a file", error);
  }
  if (static_cast<std::uintmax_t>(status.st_size) > kListBytesMax) {
    return fail(path, "larger than " + std::to_string(kListBytesMax >> 20) + " MiB", error);
  }
  text.resize(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t count = ::read(fd.value(), text.data() + have, text.size() - have);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return count < 0 ? fail_to_read(path, errno, error) : fail(path, "became shorter while it was read", error);
    }
    have += static_cast<std::size_t>(count);
  }
  return true;
}

// What one version makes of a list another may understand differently.
void begin_hash(ContentHasher& hasher) {
  hasher.add(std::uint64_t{image::kFormat});
  hasher.add(std::string_view(WEIR_VERSION));
}

void hash_source(Action action, bool is_file, std::string_view name, std::string_view content, ContentHasher& hasher) {
  hasher.add(static_cast<std::uint64_t>(action) * 2 + (is_file ? 1 : 0));
  hasher.add(name);
  hasher.add(content);
}

// Adds what a source says to the rules, if there are any to add to. On failure `error` says what and where.
bool add_pattern(const std::string& option, const std::string& pattern, RuleCollection* rules, std::string& error) {
  if (std::string wrong; rules != nullptr && !rules->add_pattern(pattern, wrong)) {
    error = option + ": " + wrong;
    return false;
  }
  return true;
}

bool add_list(const std::filesystem::path& path, Action action, std::string_view text, RuleCollection* rules, std::string& error) {
  if (rules == nullptr) {
    return true;
  }
  rules->begin_list(path.string(), action, true);
  if (std::string wrong; !rules->add_lines(text, wrong)) {
    error = path.string() + ":" + wrong;
    return false;
  }
  return true;
}

bool take_part(const Part& part, ContentHasher& hasher, RuleCollection* rules, std::string& error) {
  const std::string option = "--" + std::string(to_string(part.action));
  if (rules != nullptr && !part.sources.patterns.empty()) {
    rules->begin_list(option, part.action, false);
  }
  for (const std::string& pattern : part.sources.patterns) {
    hash_source(part.action, false, {}, pattern, hasher);
    if (!add_pattern(option, pattern, rules, error)) {
      return false;
    }
  }
  for (const auto& path : part.sources.files) {
    std::string text;
    if (!read_whole(path, text, error)) {
      return false;
    }
    hash_source(part.action, true, path.native(), text, hasher);
    if (!add_list(path, part.action, text, rules, error)) {
      return false;
    }
  }
  return true;
}

// One pass for both, so that a policy has the hash of just what it was compiled from.
std::optional<ContentHash> take(const RuleSources& sources, RuleCollection* rules, std::string& error) {
  ContentHasher hasher;
  begin_hash(hasher);
  for (const Part& part : parts_of(sources)) {
    if (!take_part(part, hasher, rules, error)) {
      return std::nullopt;
    }
  }
  return hasher.finish();
}

bool are_few_enough(const RuleSources& sources, std::string& error) {
  if (sources.allow.files.size() + sources.block.files.size() + sources.observe.files.size() <= kListsMax) {
    return true;
  }
  error = "more than " + std::to_string(kListsMax) + " lists; join some of them";
  return false;
}

}  // namespace

std::optional<ContentHash> hash_inputs(const RuleSources& sources, std::string& error) { return take(sources, nullptr, error); }

std::optional<std::string> compile_policy(const RuleSources& sources, std::string& error) {
  if (!are_few_enough(sources, error)) {
    return std::nullopt;
  }
  RuleCollection rules;
  const auto hash = take(sources, &rules, error);
  return hash ? std::optional(write_policy(rules, *hash)) : std::nullopt;
}

}  // namespace weir::policy
