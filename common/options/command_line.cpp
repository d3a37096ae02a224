#include "common/options/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/options/config_file.h"

namespace weir::options {

namespace {

struct ProgramText {
  Program program;
  const char* name;
  const char* description;
};

constexpr std::array<ProgramText, 4> kPrograms{{
    {kSupervisor, "supervisor", "Starts and watches Weir's processes."},
    {kWorker, "proxy_worker", "Weir's proxy: one process, one event loop. scripts/supervisor starts as many as there are cores."},
    {kCollector, "collector", "Writes what the workers report into the database and the JSON logs."},
    {kReporter, "reporter", "Summaries, exports and charts of the traffic that Weir recorded."},
}};

const ProgramText& text_of(Program program) {
  return *std::find_if(kPrograms.begin(), kPrograms.end(), [&](const ProgramText& text) { return text.program == program; });
}

// What the command line said of one option.
struct Given {
  std::vector<std::string> values;
  bool flag = false;
};

class CommandLine {
 public:
  CommandLine(Program program, Settings& settings)
      : text_(text_of(program)), program_(program), declarations_(declarations(settings)), app_(text_.description, text_.name) {
    app_.set_help_flag("--help,-h", "Print this and exit");
    app_.add_flag("--version", version_, "Print the version and exit");
    app_.add_flag("--describe-options", describe_, "Print all options as JSON and exit")->group("");
    app_.add_option("--config", config_, "Read options from this TOML file; the command line wins")->type_name("FILE")->group("General");
    for (const Declaration& declaration : declarations_) {
      if ((declaration.programs & program) != 0) {
        add(declaration);
      }
    }
  }

  std::optional<int> read(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      std::cout << app_.help();
      return 0;
    } catch (const CLI::ParseError& failure) {
      return refuse(std::string(failure.what()) + " (see --help)");
    }
    if (version_) {
      std::cout << text_.name << " " WEIR_VERSION "\n";
      return 0;
    }
    std::string error;
    if ((!config_.empty() && !take_file(error)) || !take_command_line(error)) {
      return refuse(error);
    }
    // After the check: the supervisor asks with all its options, and so learns of a bad one before it starts anything.
    if (describe_) {
      std::cout << describe().dump(1) << "\n";
      return 0;
    }
    return std::nullopt;
  }

 private:
  void add(const Declaration& declaration) {
    Given& given = given_[declaration.name];
    const std::string flag = "--" + declaration.name;
    const std::string group = declaration.internal ? "" : declaration.group;
    if (declaration.is_flag()) {
      app_.add_flag(flag, given.flag, declaration.help)->group(group);
      return;
    }
    std::string help = declaration.help;
    if (!declaration.default_text.empty()) {
      help += " [" + declaration.default_text + "]";
    }
    auto* option = app_.add_option(flag, given.values, help)->type_name(declaration.value)->group(group);
    option->expected(1)->allow_extra_args(false);
    option->multi_option_policy(declaration.is_repeatable() ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
  }

  bool take(const Declaration& declaration, const std::vector<std::string>& values, const std::string& where, std::string& error) const {
    if (declaration.is_repeatable()) {
      declaration.start_list();
    }
    for (const std::string& value : values) {
      if (!declaration.take(value)) {
        error = where + declaration.name + ": \"" + value + "\" is not " +
                (declaration.is_flag() ? "true or false" : declaration.value) +
                (declaration.default_text.empty() ? "" : ", such as " + declaration.default_text);
        return false;
      }
    }
    return true;
  }

  bool take_file(std::string& error) const {
    std::vector<FileOption> file_options;
    if (!read_config_file(config_, file_options, error)) {
      return false;
    }
    for (const FileOption& option : file_options) {
      const std::string where = config_ + ":" + std::to_string(option.line) + ": ";
      const auto declaration = std::find_if(declarations_.begin(), declarations_.end(),
                                            [&](const Declaration& candidate) { return candidate.name == option.name; });
      if (declaration == declarations_.end() || declaration->internal) {
        error = where + option.name + ": there is no such option (see --help)";
        return false;
      }
      if (option.is_list && !declaration->is_repeatable()) {
        error = where + option.name + ": takes one value, not a list";
        return false;
      }
      // Another program's option: that program will judge its value.
      if ((declaration->programs & program_) != 0 && !take(*declaration, option.values, where, error)) {
        return false;
      }
    }
    return true;
  }

  bool take_command_line(std::string& error) const {
    for (const Declaration& declaration : declarations_) {
      const auto given = given_.find(declaration.name);
      if (given == given_.end()) {
        continue;
      }
      const bool is_given = declaration.is_flag() ? given->second.flag : !given->second.values.empty();
      const std::vector<std::string> values = declaration.is_flag() ? std::vector<std::string>{"true"} : given->second.values;
      if (is_given && !take(declaration, values, "--", error)) {
        return false;
      }
    }
    return true;
  }

  nlohmann::json describe() const {
    auto all = nlohmann::json::array();
    for (const Declaration& declaration : declarations_) {
      auto programs = nlohmann::json::array();
      for (const ProgramText& text : kPrograms) {
        if ((declaration.programs & text.program) != 0) {
          programs.push_back(text.name);
        }
      }
      all.push_back({{"name", declaration.name}, {"value", declaration.value}, {"default", declaration.default_text},
                     {"repeatable", declaration.is_repeatable()}, {"flag", declaration.is_flag()}, {"programs", programs},
                     {"group", declaration.group}, {"help", declaration.help}, {"internal", declaration.internal}});
    }
    return all;
  }

  int refuse(const std::string& line) const {
    std::fprintf(stderr, "%s: %s\n", text_.name, line.c_str());
    return 2;
  }

  const ProgramText& text_;
  Program program_;
  std::vector<Declaration> declarations_;
  std::map<std::string, Given> given_;
  CLI::App app_;
  std::string config_;
  bool version_ = false;
  bool describe_ = false;
};

}  // namespace

std::optional<int> read_options(Program program, int argc, const char* const* argv, Settings& settings) {
  return CommandLine(program, settings).read(argc, argv);
}

}  // namespace weir::options
