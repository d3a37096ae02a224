// Reads a JSON log line by line, up to a length, in bounded memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace weir::verify {

// No record's line is longer: heads are bounded.
inline constexpr std::size_t kLineBytesMax = 16u << 20;

struct LogReading {
  enum class Result {
    Whole,
    Missing,    // there is no such file
    Shorter,    // it ends before the length
    Unreadable, // `error` says why
  };
  Result result = Result::Whole;
  std::uint64_t bytes = 0;  // that were read
  std::uint64_t file_bytes = 0;  // that the file has
  std::uint64_t lines = 0;
  bool is_cut = false;  // what was read does not end with the end of a line; the rest is no line
  std::string error;
};

// Shows each line up to `length` octets to `take`, without its line feed, with its number from 1. One that is longer than
// kLineBytesMax is shown in part.
LogReading read_log(const std::filesystem::path& path, std::uint64_t length,
                    const std::function<void(std::string_view line, std::uint64_t number)>& take);

}  // namespace weir::verify
