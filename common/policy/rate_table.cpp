#include "common/policy/rate_table.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/base/boot_id.h"
#include "common/base/file_lock.h"
#include "common/policy/client_key.h"

namespace weir::policy {

// What must be the same for a file to be used again.
struct RateTable::Identity {
  std::array<char, 8> magic;
  std::uint32_t layout;
  std::uint32_t requests;
  std::uint64_t window_us;
  std::uint64_t sets;
  base::BootId boot_id;  // times of another boot mean nothing
};

struct RateTable::Header {
  Identity identity;
  std::uint64_t secret;
  RateWord live_evictions;
};

namespace {

constexpr std::array<char, 8> kMagic{'W', 'E', 'I', 'R', 'R', 'A', 'T', 'E'};
constexpr std::uint32_t kLayout = 1;
constexpr std::uint64_t kHeaderBytes = 4096;
constexpr std::chrono::seconds kLockPatience{10};

std::uint64_t file_bytes(std::uint64_t sets, std::uint64_t requests) {
  return kHeaderBytes + sets * (sizeof(ClientSet) + kWays * requests * sizeof(RateWord));
}

// A power of two.
std::uint64_t choose_sets(std::uint32_t requests, std::uint64_t clients_max) {
  std::uint64_t sets = 1;
  while (sets * 2 * kWays <= clients_max && file_bytes(sets * 2, requests) <= RateTable::kFileBytesMax) {
    sets *= 2;
  }
  return sets;
}

bool fill_randomly(std::uint64_t& secret, std::string& error) {
  if (::getrandom(&secret, sizeof secret, 0) != sizeof secret) {
    error = std::string("getrandom: ") + std::strerror(errno);
    return false;
  }
  return true;
}

}  // namespace

RateTable::RateTable(base::MappedFile file) : file_(std::move(file)) {
  const Identity& identity = header().identity;
  requests_ = identity.requests;
  window_us_ = identity.window_us;
  std::byte* at = file_.bytes().data() + kHeaderBytes;
  sets_ = {reinterpret_cast<ClientSet*>(at), identity.sets};
  rings_ = {reinterpret_cast<RateWord*>(at + sets_.size_bytes()), identity.sets * kWays * requests_};
}

RateTable::Header& RateTable::header() const { return *reinterpret_cast<Header*>(file_.bytes().data()); }

RateWord& RateTable::live_evictions() const { return header().live_evictions; }

std::optional<RateTable> RateTable::open(const std::filesystem::path& path, std::uint32_t requests,
                                         std::chrono::milliseconds window, std::uint64_t clients_max, std::string& error) {
  if (requests == 0 || requests > kRequestsMax || window.count() <= 0) {
    error = "a rate limit is 1 to " + std::to_string(kRequestsMax) + " requests in a window longer than 0";
    return std::nullopt;
  }
  Identity wanted{kMagic, kLayout, requests, static_cast<std::uint64_t>(std::chrono::microseconds(window).count()),
                  choose_sets(requests, clients_max), {}};
  const auto boot_id = base::read_boot_id(error);
  if (!boot_id) {
    return std::nullopt;
  }
  wanted.boot_id = *boot_id;
  if (auto table = open_existing(path, wanted)) {
    return table;
  }
  // Two workers that start together must not each make a file.
  const auto lock = base::FileLock::acquire(path.string() + ".lock", kLockPatience, error);
  if (!lock) {
    return std::nullopt;
  }
  auto table = open_existing(path, wanted);
  return table ? std::move(table) : create(path, wanted, error);
}

// The table in `path` if it is the wanted one. Why it is not, does not matter.
std::optional<RateTable> RateTable::open_existing(const std::filesystem::path& path, const Identity& wanted) {
  std::string reason;
  auto file = base::MappedFile::open(path, base::MappedFile::Access::ReadWrite, reason);
  if (!file || file->bytes().size() != file_bytes(wanted.sets, wanted.requests) ||
      std::memcmp(file->bytes().data(), &wanted, sizeof wanted) != 0) {
    return std::nullopt;
  }
  return RateTable(std::move(*file));
}

// Replaces whatever is in `path`, at once and whole.
std::optional<RateTable> RateTable::create(const std::filesystem::path& path, const Identity& wanted, std::string& error) {
  static_assert(sizeof(Header) <= kHeaderBytes);
  const std::filesystem::path fresh = path.string() + ".new";
  std::error_code code;
  std::filesystem::remove(fresh, code);  // left by a process that was killed right here
  auto file = base::MappedFile::create(fresh, file_bytes(wanted.sets, wanted.requests), error);
  if (!file) {
    std::filesystem::remove(fresh, code);
    return std::nullopt;
  }
  auto& header = *reinterpret_cast<Header*>(file->bytes().data());
  header.identity = wanted;
  if (!fill_randomly(header.secret, error)) {
    return std::nullopt;
  }
  std::filesystem::rename(fresh, path, code);
  if (code) {
    error = path.string() + ": cannot replace: " + code.message();
    std::filesystem::remove(fresh, code);
    return std::nullopt;
  }
  return RateTable(std::move(*file));
}

std::uint64_t RateTable::key_of(const base::IpAddress& client) const { return client_key(client, header().secret); }

}  // namespace weir::policy
