// A file mapped read-write and shared: what is stored there survives the death of the process and is seen by every
// other process that maps it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace weir::base {

class MappedFile {
 public:
  enum class Access { ReadOnly, ReadWrite };

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  // Opens `path`, creating it (0600) or growing it with zeros to `size` bytes; its disk blocks are reserved, so that
  // a full disk is an error here and not a SIGBUS later. On failure `error` says what and why.
  static std::optional<MappedFile> create(const std::filesystem::path& path, std::size_t size, std::string& error);
  // Like `create`, but the file stays sparse: for tables of which few pages are ever touched.
  static std::optional<MappedFile> create_sparse(const std::filesystem::path& path, std::size_t size, std::string& error);
  // Maps an existing file, whole.
  static std::optional<MappedFile> open(const std::filesystem::path& path, Access access, std::string& error);

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace weir::base
