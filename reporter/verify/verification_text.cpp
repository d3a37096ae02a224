#include "reporter/verify/verification_text.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace weir::verify {

namespace {

constexpr std::size_t kNameWidth = 12;
constexpr std::string_view kIndent = "      ";

struct Look {
  std::string_view word;    // of equal length
  std::string_view lower;   // for programs
  std::string_view colour;  // as a terminal takes it
};

// In the order of Verdict.
constexpr std::array<Look, 3> kLooks{{{"PASS", "pass", "\033[32m"}, {"FAIL", "fail", "\033[31m"}, {"----", "skipped", "\033[33m"}}};
constexpr std::string_view kPlain = "\033[0m";

const Look& look_of(Verdict verdict) { return kLooks[static_cast<std::size_t>(verdict)]; }

// What comes from the network and from file names may hold control characters, which a terminal would obey.
std::string harmless(std::string text) {
  for (char& c : text) {
    c = static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
  }
  return text;
}

void append_lines(std::string& text, const Check::Lines& lines, std::string_view mark) {
  for (const std::string& line : lines.kept) {
    text.append(kIndent).append(mark).append(harmless(line)).append("\n");
  }
  if (lines.count > lines.kept.size()) {
    text.append(kIndent).append(mark).append("... and ").append(digits(lines.count - lines.kept.size())).append(" more\n");
  }
}

nlohmann::ordered_json json_of(const Check::Lines& lines) { return {{"count", lines.count}, {"first", lines.kept}}; }

nlohmann::ordered_json json_of(const Check& check) {
  auto numbers = nlohmann::ordered_json::object();
  for (const auto& [name, value] : check.numbers()) {
    numbers[name] = value;
  }
  return {{"name", check.name()}, {"verdict", look_of(check.verdict()).lower}, {"summary", check.summary()},
          {"numbers", numbers}, {"faults", json_of(check.faults())}, {"notes", json_of(check.notes())}};
}

}  // namespace

std::string verification_text(const Verification& verification, Colours colours) {
  std::string text = "Verifying " + harmless(verification.data_dir) + ", the collector " +
                     (verification.collector_pid ? "runs (pid " + std::to_string(*verification.collector_pid) + ")" : "does not run") + "\n\n";
  for (const Check& check : verification.checks) {
    const Look& look = look_of(check.verdict());
    const bool is_coloured = colours == Colours::On;
    text.append(is_coloured ? look.colour : "").append(look.word).append(is_coloured ? kPlain : "").append("  ");
    text.append(check.name()).append(kNameWidth - std::min(kNameWidth, check.name().size()), ' ').append(check.summary()).append("\n");
    append_lines(text, check.faults(), "! ");
    append_lines(text, check.notes(), "  ");
  }
  return text + (verification.is_sound() ? "\nEverything adds up.\n" : "\nSomething does not add up: see the lines marked with !\n");
}

std::string verification_json(const Verification& verification) {
  auto checks = nlohmann::ordered_json::array();
  for (const Check& check : verification.checks) {
    checks.push_back(json_of(check));
  }
  nlohmann::ordered_json json{{"data_dir", verification.data_dir}, {"database_id", verification.database_id}};
  json["collector_pid"] = verification.collector_pid ? nlohmann::ordered_json(*verification.collector_pid) : nlohmann::ordered_json();
  json["verdict"] = verification.is_sound() ? "pass" : "fail";
  json["checks"] = std::move(checks);
  constexpr int kIndentation = 2;
  return json.dump(kIndentation, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace weir::verify
