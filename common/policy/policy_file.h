// DIR/run/policy.bin: the compiled policy that all workers map. Whoever finds that it does not fit its sources compiles it
// anew; a lock lets one do it for all. docs/decisions/0033 says how it is replaced.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/base/mapped_file.h"
#include "common/policy/compiled_policy.h"
#include "common/policy/rule_sources.h"

namespace weir::policy {

// A compiled policy and the mapping that it lies in.
class MappedPolicy {
 public:
  // Looks at the header alone, see CompiledPolicy::view(). On failure `error` names the file.
  static std::optional<MappedPolicy> open(const std::filesystem::path& path, std::string& error);

  const CompiledPolicy& policy() const { return policy_; }

 private:
  MappedPolicy(base::MappedFile file, CompiledPolicy policy) : file_(std::move(file)), policy_(std::move(policy)) {}

  base::MappedFile file_;
  CompiledPolicy policy_;
};

std::filesystem::path policy_path(const std::filesystem::path& data_dir);

// The policy at `path` if it is intact and was compiled from these sources as they are now. Reads the sources and the
// policy, whole.
std::optional<MappedPolicy> open_fitting(const std::filesystem::path& path, const RuleSources& sources);

enum class Compilation {
  Compiled,
  FoundDone,  // somebody else had done it
  BadSource,  // a pattern or a list; the file is as it was
  Failed,     // the file could not be written, or not be locked in time
};

// Leaves at `path` the policy of these sources, replaced as a whole by a rename; without any source, no file. On failure
// `error` is one line.
[[nodiscard]] Compilation compile_policy_file(const std::filesystem::path& path, const RuleSources& sources, std::string& error);

}  // namespace weir::policy
