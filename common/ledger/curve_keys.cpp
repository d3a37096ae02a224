#include "common/ledger/curve_keys.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace weir::ledger {

namespace {

constexpr std::size_t kKeyLength = 40;
constexpr std::size_t kLinesMax = 100'000;

bool is_key(std::string_view text) {
  constexpr std::string_view kZ85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  return text.size() == kKeyLength && text.find_first_not_of(kZ85) == std::string_view::npos;
}

bool is_private(const std::filesystem::path& path, std::string& error) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    error = path.string() + ": other users may read this secret; chmod 600 it";
    return false;
  }
  return true;
}

struct Line {
  std::size_t number = 0;
  std::vector<std::string> words;
};

// The words of each line; empty lines and those that begin with "# " are left out (a key may begin with #).
std::optional<std::vector<Line>> read_lines(const std::filesystem::path& path, std::string& error) {
  std::ifstream in(path);
  if (!in) {
    error = path.string() + ": cannot open: " + std::strerror(errno) + "; collector --generate-keys DIR makes it";
    return std::nullopt;
  }
  std::vector<Line> lines;
  std::size_t number = 0;
  for (std::string text; std::getline(in, text) && number < kLinesMax;) {
    Line line{++number, {}};
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      line.words.push_back(word);
    }
    if (!line.words.empty() && line.words[0] != "#") {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

// The key behind `name`, on its line.
std::optional<std::string> find_key(const std::filesystem::path& path, const std::vector<Line>& lines, std::string_view name,
                                    std::string& error) {
  for (const Line& line : lines) {
    if (line.words.size() == 2 && line.words[0] == name && is_key(line.words[1])) {
      return line.words[1];
    }
  }
  error = path.string() + ": has no line \"" + std::string(name) + " KEY\" with a key of 40 characters";
  return std::nullopt;
}

// From `name` in `folder`.
std::optional<KeyPair> read_pair(const std::filesystem::path& folder, std::string_view name, std::string& error) {
  if (folder.empty()) {
    error = "--collector-endpoint: tcp goes with keys only; name their folder with --collector-keys (collector --generate-keys DIR makes them)";
    return std::nullopt;
  }
  const std::filesystem::path path = folder / name;
  const auto lines = is_private(path, error) ? read_lines(path, error) : std::nullopt;
  auto public_key = lines ? find_key(path, *lines, "public", error) : std::nullopt;
  auto secret_key = public_key ? find_key(path, *lines, "secret", error) : std::nullopt;
  return secret_key ? std::optional(KeyPair{std::move(*public_key), std::move(*secret_key)}) : std::nullopt;
}

}  // namespace

std::optional<CollectorKeys> read_collector_keys(const std::filesystem::path& folder, std::string& error) {
  auto own = read_pair(folder, kCollectorSecretFile, error);
  const std::filesystem::path path = folder / kAllowedWorkersFile;
  const auto lines = own ? read_lines(path, error) : std::nullopt;
  if (!lines) {
    return std::nullopt;
  }
  CollectorKeys keys{std::move(*own), {}};
  for (const Line& line : *lines) {
    if (!is_key(line.words[0])) {
      error = path.string() + ":" + std::to_string(line.number) + ": expected a worker's public key of 40 characters, then anything";
      return std::nullopt;
    }
    keys.allowed_workers.push_back(line.words[0]);
  }
  return keys;
}

std::optional<WorkerKeys> read_worker_keys(const std::filesystem::path& folder, std::string& error) {
  auto own = read_pair(folder, kWorkerSecretFile, error);
  const std::filesystem::path path = folder / kCollectorPublicFile;
  const auto lines = own ? read_lines(path, error) : std::nullopt;
  auto collector = lines ? find_key(path, *lines, "public", error) : std::nullopt;
  return collector ? std::optional(WorkerKeys{std::move(*own), std::move(*collector)}) : std::nullopt;
}

}  // namespace weir::ledger
