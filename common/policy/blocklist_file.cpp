#include "common/policy/blocklist_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>

namespace weir::policy {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kBlanks = " \t\r\f\v";

// The pattern in a line: what is left of it without comment and surrounding blanks.
std::string_view pattern_in(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

bool read_whole(const std::filesystem::path& path, std::string& text, std::string& error) {
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(path, code);  // an error for anything but a regular file
  if (!code && size > kBlocklistBytesMax) {
    error = path.string() + ": larger than " + std::to_string(kBlocklistBytesMax >> 20) + " MiB";
    return false;
  }
  std::ifstream file;
  if (!code) {
    errno = 0;
    file.open(path, std::ios::binary);
    text.resize(static_cast<std::size_t>(size));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
  }
  if (code || !file) {
    error = path.string() + ": cannot read: " + (code ? code.message() : errno != 0 ? std::strerror(errno) : "it became shorter");
    return false;
  }
  return true;
}

}  // namespace

bool load_blocklist(const std::filesystem::path& path, DomainRules& rules, std::string& error) {
  std::string text;
  if (!read_whole(path, text, error)) {
    return false;
  }
  const std::string list = path.string();
  std::string_view rest = text;
  if (rest.starts_with(kByteOrderMark)) {
    rest.remove_prefix(kByteOrderMark.size());
  }
  for (unsigned line_number = 1; !rest.empty(); ++line_number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    std::string wrong = "longer than " + std::to_string(kBlocklistLineBytesMax) + " bytes";
    const std::string_view pattern = pattern_in(line);
    if (line.size() > kBlocklistLineBytesMax || (!pattern.empty() && !rules.add(pattern, list, line_number, wrong))) {
      error = list + ":" + std::to_string(line_number) + ": " + wrong;
      return false;
    }
  }
  return true;
}

}  // namespace weir::policy
