// Who may use the proxy: a file of lines `user:hash` as htpasswd writes it, with the hashes of crypt(5) that are still
// thought strong: bcrypt, yescrypt, scrypt, SHA-512. Immutable once it is read; any thread may ask.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include "proxy_worker/login/basic_credentials.h"

namespace weir::login {

class PasswordFile {
 public:
  // On failure `error` says file, line and what is wrong.
  static std::optional<PasswordFile> read(const std::filesystem::path& path, std::string& error);

  // Whether this user has this password. Takes as long as the hash makes it, tens to hundreds of milliseconds; as long
  // for a user that does not exist.
  bool accepts(const Credentials& credentials) const;
  std::size_t size() const { return hashes_.size(); }

 private:
  std::unordered_map<std::string, std::string> hashes_;  // by user
  std::string other_hash_;                               // of somebody, to spend the same time on nobody
};

}  // namespace weir::login
