// The rules that a question to the policy is about: those of the options, or, when there are none among them, those in force in
// the data directory. On one thread of the reporter.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/options/settings.h"
#include "common/policy/policy_file.h"

namespace weir::reporter {

class LoadedRules {
 public:
  // On failure `error` names the list and its line, or the file.
  static std::optional<LoadedRules> load(const options::Settings& settings, std::string& error);

  // nullptr when there are no rules.
  const policy::CompiledPolicy* policy() const { return mapped_ ? &mapped_->policy() : compiled_ ? &*compiled_ : nullptr; }
  // Where they were taken from, for people.
  const std::string& from() const { return from_; }

 private:
  [[nodiscard]] bool compile(const options::Settings& settings, std::string& error);

  std::optional<policy::MappedPolicy> mapped_;
  std::unique_ptr<std::string> image_;  // compiled here
  std::optional<policy::CompiledPolicy> compiled_;
  std::string from_ = "none were given, and none are in force";
};

}  // namespace weir::reporter
