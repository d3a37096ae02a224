#include "common/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/crash_point.h"
#include "common/base/unique_fd.h"

namespace weir::base {

namespace {

std::string describe(const std::filesystem::path& path, const char* what, int error) {
  return path.string() + ": " + what + ": " + std::strerror(error);
}

enum class Blocks { Reserved, Sparse };

bool ensure_size(int fd, std::size_t size, Blocks blocks, int& error) {
  struct stat status{};
  if (::fstat(fd, &status) < 0) {
    error = errno;
    return false;
  }
  if (static_cast<std::size_t>(status.st_size) >= size) {
    return true;
  }
  if (blocks == Blocks::Reserved) {
    error = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
  } else {
    error = ::ftruncate(fd, static_cast<off_t>(size)) < 0 ? errno : 0;
  }
  return error == 0;
}

std::optional<std::span<std::byte>> map(int fd, std::size_t size, MappedFile::Access access) {
  const int protection = access == MappedFile::Access::ReadWrite ? PROT_READ | PROT_WRITE : PROT_READ;
  void* address = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) {
    return std::nullopt;
  }
  return std::span(static_cast<std::byte*>(address), size);
}

}  // namespace

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    ::munmap(bytes_.data(), bytes_.size());
  }
}

static std::optional<std::span<std::byte>> create_and_map(const std::filesystem::path& path, std::size_t size, Blocks blocks,
                                                          std::string& error) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) {
    error = describe(path, "cannot open", errno);
    return std::nullopt;
  }
  WEIR_CRASH_POINT("mapped_file.opened");
  int code = 0;
  if (!ensure_size(fd.value(), size, blocks, code)) {
    error = describe(path, "cannot reserve space", code);
    return std::nullopt;
  }
  WEIR_CRASH_POINT("mapped_file.sized");
  const auto bytes = map(fd.value(), size, MappedFile::Access::ReadWrite);
  if (!bytes) {
    error = describe(path, "cannot map", errno);
  }
  return bytes;
}

std::optional<MappedFile> MappedFile::create(const std::filesystem::path& path, std::size_t size, std::string& error) {
  const auto bytes = create_and_map(path, size, Blocks::Reserved, error);
  if (!bytes) {
    return std::nullopt;
  }
  MappedFile file;
  file.bytes_ = *bytes;
  return file;
}

std::optional<MappedFile> MappedFile::create_sparse(const std::filesystem::path& path, std::size_t size, std::string& error) {
  const auto bytes = create_and_map(path, size, Blocks::Sparse, error);
  if (!bytes) {
    return std::nullopt;
  }
  MappedFile file;
  file.bytes_ = *bytes;
  return file;
}

std::optional<MappedFile> MappedFile::open(const std::filesystem::path& path, Access access, std::string& error) {
  const int flags = access == Access::ReadWrite ? O_RDWR : O_RDONLY;
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
  struct stat status{};
  if (!fd.is_open() || ::fstat(fd.value(), &status) < 0) {
    error = describe(path, "cannot open", errno);
    return std::nullopt;
  }
  if (status.st_size == 0) {
    error = path.string() + ": the file is empty";
    return std::nullopt;
  }
  const auto bytes = map(fd.value(), static_cast<std::size_t>(status.st_size), access);
  if (!bytes) {
    error = describe(path, "cannot map", errno);
    return std::nullopt;
  }
  MappedFile file;
  file.bytes_ = *bytes;
  return file;
}

}  // namespace weir::base
