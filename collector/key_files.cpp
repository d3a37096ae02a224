#include "collector/key_files.h"

#include <fcntl.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "common/base/unique_fd.h"
#include "common/ledger/curve_keys.h"

namespace weir::collector {

namespace {

using ledger::KeyPair;

constexpr std::size_t kKeyBytes = 41;  // with the NUL at its end

std::optional<KeyPair> make_pair(std::string& error) {
  std::array<char, kKeyBytes> public_key{};
  std::array<char, kKeyBytes> secret_key{};
  if (::zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    error = std::string("cannot make keys: ") + ::zmq_strerror(::zmq_errno());
    return std::nullopt;
  }
  return KeyPair{public_key.data(), secret_key.data()};
}

bool write_new(const std::filesystem::path& path, const std::string& text, mode_t mode, std::string& error) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (fd.is_open() && ::write(fd.value(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd.value()) == 0) {
    return true;
  }
  error = path.string() + ": cannot create: " + std::strerror(errno);
  return false;
}

std::string secret_text(const KeyPair& pair) { return "# Whoever has this secret may pose as its owner.\npublic " + pair.public_key + "\nsecret " + pair.secret_key + "\n"; }

}  // namespace

bool generate_keys(const std::filesystem::path& folder, std::string& error) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    error = folder.string() + ": cannot create: " + failed.message();
    return false;
  }
  for (const std::string_view name : {ledger::kCollectorSecretFile, ledger::kCollectorPublicFile, ledger::kWorkerSecretFile, ledger::kAllowedWorkersFile}) {
    if (std::filesystem::exists(folder / name, failed)) {
      error = (folder / name).string() + ": exists already; remove the old keys first, or choose another folder";
      return false;
    }
  }
  const auto collector = make_pair(error);
  const auto worker = collector ? make_pair(error) : std::nullopt;
  return worker && write_new(folder / ledger::kCollectorSecretFile, secret_text(*collector), 0600, error) &&
         write_new(folder / ledger::kCollectorPublicFile, "public " + collector->public_key + "\n", 0644, error) &&
         write_new(folder / ledger::kWorkerSecretFile, secret_text(*worker), 0600, error) &&
         write_new(folder / ledger::kAllowedWorkersFile,
                   "# One public key a line; what follows it is for people.\n" + worker->public_key + " workers\n", 0644, error);
}

}  // namespace weir::collector
