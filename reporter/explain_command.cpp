#include "reporter/explain_command.h"

#include <cstdio>
#include <string>

#include "reporter/explain/explanation.h"
#include "reporter/explain/explanation_text.h"
#include "reporter/explain/lists_text.h"
#include "reporter/loaded_rules.h"
#include "reporter/output_file.h"

namespace weir::reporter {

namespace {

constexpr int kExplained = 0;
constexpr int kBadQuestion = 2;

int refuse(const std::string& error) {
  std::fprintf(stderr, "reporter: %s\n", error.c_str());
  return kBadQuestion;
}

int print(const std::string& text) {
  std::string error;
  OutputFile out = OutputFile::standard_output();
  return out.write(text, error) || out.is_reader_gone() ? kExplained : refuse(error);
}

}  // namespace

int explain_request(const options::Settings& settings) {
  std::string error;
  const auto request = explain::parse_requested_url(settings.report.explain, error);
  if (!request) {
    return refuse("--explain: " + error);
  }
  const auto rules = LoadedRules::load(settings, error);
  if (!rules) {
    return refuse(error);
  }
  const explain::Explanation explanation = explain::explain(settings, rules->policy(), *request);
  return print(settings.report.json ? explanation_json(explanation, rules->from()) : explanation_text(explanation, rules->from()));
}

int report_lists(const options::Settings& settings) {
  std::string error;
  const auto rules = LoadedRules::load(settings, error);
  if (!rules) {
    return refuse(error);
  }
  return print(settings.report.json ? explain::lists_json(rules->policy(), rules->from()) : explain::lists_text(rules->policy(), rules->from()));
}

}  // namespace weir::reporter
