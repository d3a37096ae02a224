#include "common/policy/policy_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/base/file_lock.h"
#include "common/base/unique_fd.h"
#include "common/policy/policy_compiler.h"

namespace weir::policy {

namespace {

// Longer than any list takes to compile.
constexpr std::chrono::seconds kLockPatience{120};

std::string failure(const std::filesystem::path& path, const char* what) {
  return path.string() + ": cannot " + what + ": " + std::strerror(errno);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Not synced to the disk: after a power failure its hash tells that it is not whole.
bool replace(const std::filesystem::path& path, std::string_view bytes, std::string& error) {
  const std::filesystem::path temporary = path.string() + ".new";
  const base::UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open() || !write_all(fd.value(), bytes) || ::rename(temporary.c_str(), path.c_str()) < 0) {
    error = failure(temporary, "write");
    ::unlink(temporary.c_str());
    return false;
  }
  return true;
}

}  // namespace

std::optional<MappedPolicy> MappedPolicy::open(const std::filesystem::path& path, std::string& error) {
  auto file = base::MappedFile::open(path, base::MappedFile::Access::ReadOnly, error);
  if (!file) {
    return std::nullopt;
  }
  auto policy = CompiledPolicy::view(file->bytes(), error);
  if (!policy) {
    error = path.string() + ": " + error;
    return std::nullopt;
  }
  return MappedPolicy(std::move(*file), std::move(*policy));
}

std::filesystem::path policy_path(const std::filesystem::path& data_dir) { return data_dir / "run" / "policy.bin"; }

std::optional<MappedPolicy> open_fitting(const std::filesystem::path& path, const RuleSources& sources) {
  std::string ignored;  // Whatever is wrong with the sources is said when they are compiled.
  auto mapped = MappedPolicy::open(path, ignored);
  const bool fits = mapped && hash_inputs(sources, ignored) == mapped->policy().inputs() && mapped->policy().is_intact();
  return fits ? std::move(mapped) : std::nullopt;
}

Compilation compile_policy_file(const std::filesystem::path& path, const RuleSources& sources, std::string& error) {
  const auto lock = base::FileLock::acquire(path.string() + ".lock", kLockPatience, error);
  if (!lock) {
    return Compilation::Failed;
  }
  if (sources.is_empty()) {
    std::error_code code;
    std::filesystem::remove(path, code);
    error = code ? path.string() + ": cannot remove: " + code.message() : "";
    return code ? Compilation::Failed : Compilation::FoundDone;
  }
  if (open_fitting(path, sources)) {
    return Compilation::FoundDone;
  }
  const auto image = compile_policy(sources, error);
  if (!image) {
    return Compilation::BadSource;
  }
  return replace(path, *image, error) ? Compilation::Compiled : Compilation::Failed;
}

}  // namespace weir::policy
