// A TOML configuration file as option values with the lines that they stand in.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace weir::options {

struct FileOption {
  std::string name;
  std::vector<std::string> values;  // one, or those of a list; numbers and booleans as text
  bool is_list = false;
  unsigned line = 0;
};

// On failure `error` is one line with the file, the line and what is wrong, and the result is meaningless.
[[nodiscard]] bool read_config_file(const std::filesystem::path& path, std::vector<FileOption>& out, std::string& error);

}  // namespace weir::options
