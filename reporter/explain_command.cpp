#include "reporter/explain_command.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "common/policy/policy_compiler.h"
#include "common/policy/policy_file.h"
#include "reporter/explain/explanation.h"
#include "reporter/explain/explanation_text.h"
#include "reporter/output_file.h"

namespace weir::reporter {

namespace {

constexpr int kExplained = 0;
constexpr int kBadQuestion = 2;

// The rules of the options, or, when there are none among them, those in force in the data directory.
struct Rules {
  std::optional<policy::MappedPolicy> mapped;
  std::string image;  // compiled here
  std::optional<policy::CompiledPolicy> compiled;
  std::string from = "none were given, and none are in force";

  const policy::CompiledPolicy* policy() const { return mapped ? &mapped->policy() : compiled ? &*compiled : nullptr; }
};

bool load(const options::Settings& settings, Rules& rules, std::string& error) {
  const auto path = policy::policy_path(settings.data_dir);
  if (settings.rules.is_empty()) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      return true;
    }
    rules.mapped = policy::MappedPolicy::open(path, error);
    rules.from = "in force in " + settings.data_dir.string();
    return rules.mapped.has_value();
  }
  rules.from = "of the options given";
  rules.mapped = policy::open_fitting(path, settings.rules);
  if (rules.mapped) {
    return true;
  }
  auto image = policy::compile_policy(settings.rules, error);
  if (!image) {
    return false;
  }
  rules.image = std::move(*image);
  rules.compiled = policy::CompiledPolicy::view(std::as_bytes(std::span(rules.image)), error);
  return rules.compiled.has_value();
}

int refuse(const std::string& error) {
  std::fprintf(stderr, "reporter: %s\n", error.c_str());
  return kBadQuestion;
}

}  // namespace

int explain_request(const options::Settings& settings) {
  std::string error;
  const auto request = explain::parse_requested_url(settings.report.explain, error);
  if (!request) {
    return refuse("--explain: " + error);
  }
  Rules rules;
  if (!load(settings, rules, error)) {
    return refuse(error);
  }
  const explain::Explanation explanation = explain::explain(settings, rules.policy(), *request);
  OutputFile out = OutputFile::standard_output();
  const std::string text = settings.report.json ? explanation_json(explanation, rules.from) : explanation_text(explanation, rules.from);
  return out.write(text, error) || out.is_reader_gone() ? kExplained : refuse(error);
}

}  // namespace weir::reporter
