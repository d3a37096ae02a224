#include "reporter/explain/lists_text.h"

#include <nlohmann/json.hpp>
#include <vector>

namespace weir::explain {

namespace {

using Json = nlohmann::ordered_json;

std::string count(std::size_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

std::string list_text(const policy::ListReport& list) {
  std::string text = list.name + " (" + std::string(policy::to_string(list.action)) + "): " + count(list.entries, "entry", "entries") + ", " +
                     count(list.duplicates, "duplicate", "duplicates") + ", " + count(list.skipped, "line", "lines") + " skipped\n";
  for (const policy::ListReport::Skipped& line : list.skipped_first) {
    text += "  line " + std::to_string(line.line) + ": " + line.reason + "\n";
  }
  const std::size_t further = list.skipped - list.skipped_first.size();
  return text + (further > 0 ? "  and " + std::to_string(further) + " more\n" : "");
}

Json list_json(const policy::ListReport& list) {
  Json json{{"list", list.name},         {"action", policy::to_string(list.action)}, {"is_file", list.is_file},
            {"entries", list.entries},   {"duplicates", list.duplicates},            {"skipped", list.skipped}};
  json["skipped_first"] = Json::array();
  for (const policy::ListReport::Skipped& line : list.skipped_first) {
    json["skipped_first"].push_back({{"line", line.line}, {"reason", line.reason}});
  }
  return json;
}

}  // namespace

std::string lists_text(const policy::CompiledPolicy* policy, const std::string& policy_from) {
  if (policy == nullptr) {
    return "no rules about hosts: " + policy_from + "\n";
  }
  const std::vector<policy::ListReport> lists = policy->lists();
  std::string text = "policy " + policy->version() + ", " + policy_from + ": " + count(policy->rule_count(), "rule", "rules") + "\n";
  for (const policy::ListReport& list : lists) {
    text += list_text(list);
  }
  return text;
}

std::string lists_json(const policy::CompiledPolicy* policy, const std::string& policy_from) {
  Json json{{"policy", policy == nullptr ? Json() : Json(policy->version())}, {"policy_from", policy_from}};
  json["rules"] = policy == nullptr ? 0 : policy->rule_count();
  json["lists"] = Json::array();
  for (const policy::ListReport& list : policy == nullptr ? std::vector<policy::ListReport>() : policy->lists()) {
    json["lists"].push_back(list_json(list));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir::explain
