#include "common/options/config_file.h"

#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

namespace weir::options {

namespace {

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) {
    return text;
  }
  if (const auto number = node.value_exact<std::int64_t>()) {
    return std::to_string(*number);
  }
  if (const auto truth = node.value_exact<bool>()) {
    return *truth ? "true" : "false";
  }
  return std::nullopt;
}

bool take_values(const toml::node& node, FileOption& option) {
  option.line = node.source().begin.line;
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    const auto text = scalar_text(node);
    option.values.push_back(text.value_or(""));
    return text.has_value();
  }
  option.is_list = true;
  for (const toml::node& element : *list) {
    const auto text = scalar_text(element);
    if (!text) {
      return false;
    }
    option.values.push_back(*text);
  }
  return true;
}

std::string at_line(const std::filesystem::path& path, unsigned line) {
  return path.string() + ":" + std::to_string(line) + ": ";
}

}  // namespace

bool read_config_file(const std::filesystem::path& path, std::vector<FileOption>& out, std::string& error) {
  errno = 0;
  std::ifstream file(path);
  std::ostringstream text;
  if (file && file.peek() != std::ifstream::traits_type::eof()) {
    text << file.rdbuf();
  }
  if (!file.is_open() || file.bad()) {
    error = path.string() + ": cannot read: " + (errno != 0 ? std::strerror(errno) : "unknown error");
    return false;
  }
  try {
    const toml::table table = toml::parse(text.str(), path.string());
    for (const auto& [key, node] : table) {
      FileOption option;
      option.name = std::string(key.str());
      if (!take_values(node, option)) {
        error = at_line(path, option.line) + option.name + ": expected text, a whole number, true, false or a list of those";
        return false;
      }
      out.push_back(std::move(option));
    }
  } catch (const toml::parse_error& failure) {
    error = at_line(path, failure.source().begin.line) + std::string(failure.description());
    return false;
  }
  return true;
}

}  // namespace weir::options
