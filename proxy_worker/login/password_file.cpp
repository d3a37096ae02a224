#include "proxy_worker/login/password_file.h"

#include <crypt.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace weir::login {

namespace {

constexpr std::uintmax_t kFileBytesMax = 16u << 20;

// Octet by octet, in a time that does not tell where they differ.
bool is_same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

bool is_strong(const std::string& hash) { return ::crypt_checksalt(hash.c_str()) == CRYPT_SALT_OK; }

// "user:hash", and what else a line of passwd or shadow has behind it. Empty when it is fine.
std::string take_line(const std::string& line, std::unordered_map<std::string, std::string>& hashes) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos || colon == 0) {
    return "expected USER:HASH, as htpasswd -B writes it";
  }
  const std::string user = line.substr(0, colon);
  const std::string hash = line.substr(colon + 1, line.find(':', colon + 1) - colon - 1);
  if (!is_strong(hash)) {
    return "the hash of " + user + " is not one that is accepted (bcrypt, yescrypt, scrypt, SHA-512); make it with htpasswd -B";
  }
  if (!hashes.emplace(user, hash).second) {
    return "the user " + user + " is there twice";
  }
  return {};
}

}  // namespace

std::optional<PasswordFile> PasswordFile::read(const std::filesystem::path& path, std::string& error) {
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(path, code);
  errno = 0;
  std::ifstream file(path);
  if (code || !file || size > kFileBytesMax) {
    error = path.string() + ": cannot read: " + (code ? code.message() : !file ? std::strerror(errno) : "it is larger than 16 MiB");
    return std::nullopt;
  }
  PasswordFile out;
  std::string line;
  for (unsigned number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (line.empty() || line.front() == '#') {
      continue;
    }
    if (const std::string wrong = take_line(line, out.hashes_); !wrong.empty()) {
      error = path.string() + ":" + std::to_string(number) + ": " + wrong;
      return std::nullopt;
    }
  }
  if (out.hashes_.empty()) {
    error = path.string() + ": there is no user in it; add one with htpasswd -B";
    return std::nullopt;
  }
  out.other_hash_ = out.hashes_.begin()->second;
  return out;
}

bool PasswordFile::accepts(const Credentials& credentials) const {
  const auto found = hashes_.find(credentials.user);
  const std::string& hash = found != hashes_.end() ? found->second : other_hash_;
  const auto work_space = std::make_unique<crypt_data>();
  const char* made = ::crypt_rn(credentials.password.c_str(), hash.c_str(), work_space.get(), sizeof(crypt_data));
  return made != nullptr && is_same(made, hash) && found != hashes_.end();
}

}  // namespace weir::login
