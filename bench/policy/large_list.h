// Lists of names for benchmarks: as many, as long and as varied as those of the largest public lists.
#pragma once

#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/policy_file.h"

namespace weir::policy {

constexpr int kLargestList = 2'140'000;

// Names as lists have them: 21 octets on average, half of them with a further label, under a few dozen endings.
class NameMaker {
 public:
  explicit NameMaker(unsigned seed) : random_(seed) {}

  std::string next();

 private:
  std::string word(std::size_t shortest, std::size_t longest);

  std::mt19937 random_;
};

// That many distinct names, the same each time.
const std::vector<std::string>& names_of_list(int count);
std::string list_text(int count);
// The bytes of the compiled policy that blocks what the lines say.
std::string compile_lines(std::string_view lines);

// A compiled policy in a file of its own, mapped.
class CompiledFile {
 public:
  explicit CompiledFile(std::string_view lines);
  ~CompiledFile();

  MappedPolicy open() const;
  const CompiledPolicy& policy() const { return mapped_->policy(); }

 private:
  std::filesystem::path path_;
  std::optional<MappedPolicy> mapped_;
};

}  // namespace weir::policy
