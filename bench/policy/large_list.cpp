#include "bench/policy/large_list.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <unordered_set>

#include "common/policy/policy_writer.h"
#include "common/policy/rule_collection.h"

namespace weir::policy {

std::string NameMaker::next() {
  static const char* const kEndings[] = {"com", "com", "com", "com",  "com",  "net", "net",   "org",   "info",  "ru",
                                         "de",  "xyz", "top", "club", "site", "io",  "co.uk", "com.br", "online", "ir"};
  std::string name = random_() % 2 == 0 ? word(2, 9) + "." : "";
  return name + word(5, 16) + "." + kEndings[random_() % std::size(kEndings)];
}

std::string NameMaker::word(std::size_t shortest, std::size_t longest) {
  std::string word;
  for (auto length = shortest + random_() % (longest - shortest + 1); length > 0; --length) {
    word += "abcdefghijklmnopqrstuvwxyz0123456789-"[random_() % (word.empty() || length == 1 ? 36 : 37)];
  }
  return word;
}

const std::vector<std::string>& names_of_list(int count) {
  static std::map<int, std::vector<std::string>> lists;
  std::vector<std::string>& names = lists[count];
  if (names.empty()) {
    NameMaker maker(1);
    std::unordered_set<std::string> seen;
    while (names.size() < static_cast<std::size_t>(count)) {
      if (std::string name = maker.next(); seen.insert(name).second) {
        names.push_back(std::move(name));
      }
    }
  }
  return names;
}

std::string list_text(int count) {
  std::string text;
  for (const std::string& name : names_of_list(count)) {
    text += name + "\n";
  }
  return text;
}

std::string compile_lines(std::string_view lines) {
  RuleCollection rules;
  std::string error;
  rules.begin_list("bench", Action::Block, true);
  if (!rules.add_lines(lines, error)) {
    throw std::runtime_error(error);
  }
  return write_policy(rules, {});
}

CompiledFile::CompiledFile(std::string_view lines) {
  static int number = 0;
  path_ = std::filesystem::temp_directory_path() / ("policy_bench." + std::to_string(::getpid()) + "." + std::to_string(++number));
  const std::string image = compile_lines(lines);
  std::ofstream(path_, std::ios::binary) << image;
  mapped_ = open();
}

CompiledFile::~CompiledFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

MappedPolicy CompiledFile::open() const {
  std::string error;
  auto mapped = MappedPolicy::open(path_, error);
  if (!mapped) {
    throw std::runtime_error(error);
  }
  return std::move(*mapped);
}

}  // namespace weir::policy
