// A report on its way to a file. It grows under a temporary name in the same folder and takes the place of the file only
// when it is complete: nobody sees half a report, and a failure leaves the old one. What is not a regular file (a pipe,
// /dev/stdout) is written to directly.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace weir::reporter {

class OutputFile {
 public:
  // On failure `error` names the file and says why.
  static std::optional<OutputFile> create(const std::filesystem::path& path, std::string& error);
  static OutputFile standard_output();

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  // What was not committed is removed.
  ~OutputFile();

  // Blocks until all is written. Fails at once when a signal asked the process to end (see interruption.h).
  [[nodiscard]] bool write(std::string_view bytes, std::string& error);
  // Puts the file into its place.
  [[nodiscard]] bool commit(std::string& error);

  // For a child process to write to.
  int fd() const { return fd_.value(); }
  // Whoever read our output has gone; not worth a message.
  bool is_reader_gone() const { return is_reader_gone_; }

 private:
  OutputFile(base::UniqueFd fd, std::filesystem::path path, std::filesystem::path temporary)
      : fd_(std::move(fd)), path_(std::move(path)), temporary_(std::move(temporary)) {}

  base::UniqueFd fd_;
  std::filesystem::path path_;       // as messages name it
  std::filesystem::path temporary_;  // empty when written directly
  bool is_reader_gone_ = false;
};

}  // namespace weir::reporter
