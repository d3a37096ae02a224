#include "reporter/loaded_rules.h"

#include <filesystem>
#include <span>
#include <utility>

#include "common/policy/policy_compiler.h"

namespace weir::reporter {

std::optional<LoadedRules> LoadedRules::load(const options::Settings& settings, std::string& error) {
  LoadedRules rules;
  const auto path = policy::policy_path(settings.data_dir);
  if (settings.rules.is_empty()) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      rules.mapped_ = policy::MappedPolicy::open(path, error);
      rules.from_ = "in force in " + settings.data_dir.string();
      return rules.mapped_ ? std::optional(std::move(rules)) : std::nullopt;
    }
    return rules;
  }
  rules.from_ = "of the options given";
  rules.mapped_ = policy::open_fitting(path, settings.rules);
  return rules.mapped_ || rules.compile(settings, error) ? std::optional(std::move(rules)) : std::nullopt;
}

bool LoadedRules::compile(const options::Settings& settings, std::string& error) {
  auto image = policy::compile_policy(settings.rules, error);
  if (!image) {
    return false;
  }
  image_ = std::make_unique<std::string>(std::move(*image));
  compiled_ = policy::CompiledPolicy::view(std::as_bytes(std::span(*image_)), error);
  return compiled_.has_value();
}

}  // namespace weir::reporter
