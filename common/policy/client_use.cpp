#include "common/policy/client_use.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "common/base/boot_id.h"
#include "common/base/file_lock.h"
#include "common/policy/client_key.h"

namespace weir::policy {

namespace {

using Word = std::atomic<std::uint64_t>;

constexpr std::array<char, 8> kMagic{'W', 'E', 'I', 'R', 'U', 'S', 'E', '2'};
constexpr std::size_t kWays = 8;  // places that a client may have
constexpr std::chrono::seconds kLockPatience{10};

std::uint64_t random_secret() {
  std::uint64_t secret = 0;
  while (::getrandom(&secret, sizeof secret, 0) != static_cast<ssize_t>(sizeof secret)) {
  }
  return secret;
}

bool has_magic(const std::filesystem::path& path) {
  std::array<char, kMagic.size()> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return magic == kMagic;
}

// The first of a key's places in a table of `size` entries.
std::size_t first_place(std::uint64_t key, std::size_t size) { return static_cast<std::size_t>(key) % (size / kWays) * kWays; }

}  // namespace

struct ClientUse::Header {
  std::array<char, 8> magic;
  std::uint64_t secret;
  std::atomic<std::uint32_t> workers_end;  // one past the highest worker that ever was
  std::array<std::atomic<std::uint32_t>, kWorkersMax> families;  // of each worker
  base::BootId boot_id;  // of the times
  std::array<std::byte, 4096 - 20 - 4 * kWorkersMax - sizeof(base::BootId)> reserved;
};

// One writer: its worker.
struct ClientUse::Open {
  Word key;  // 0: nobody
  std::atomic<std::uint32_t> connections;
  std::atomic<std::uint32_t> tunnels;
};

// Many writers.
struct ClientUse::Moved {
  Word key;
  Word day_and_bytes;  // 16 bits of the day, 48 of the octets: 281 TB a day
  Word paid_until_us;  // by its pace, what it has moved is paid for until then
  Word last_use_us;
};

std::optional<ClientUse> ClientUse::open(const std::filesystem::path& path, std::uint32_t worker_id, std::uint32_t family, std::string& error) {
  static_assert(sizeof(Header) == 4096 && sizeof(Open) == 16 && sizeof(Moved) == 32);
  auto lock_path = path;
  lock_path += ".lock";
  const auto lock = base::FileLock::acquire(lock_path, kLockPatience, error);
  if (!lock) {
    return std::nullopt;
  }
  const auto boot_id = base::read_boot_id(error);
  if (!boot_id) {
    return std::nullopt;
  }
  constexpr std::size_t kBytes = sizeof(Header) + kMovingClientsMax * sizeof(Moved) + kWorkersMax * kOpenClientsMax * sizeof(Open);
  if (!has_magic(path)) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);  // of another version of Weir, or damaged
  }
  auto file = base::MappedFile::create(path, kBytes, error);
  if (!file) {
    return std::nullopt;
  }
  ClientUse use(std::move(*file), worker_id, family);
  Header& header = use.header();
  if (header.magic != kMagic) {
    header.secret = random_secret();
    header.magic = kMagic;
  }
  if (header.boot_id != *boot_id) {
    for (Moved& entry : use.moved()) {
      entry.paid_until_us.store(0, std::memory_order_relaxed);
      entry.last_use_us.store(0, std::memory_order_relaxed);
    }
    header.boot_id = *boot_id;
  }
  for (Open& entry : use.open_of(worker_id)) {
    if (entry.key.load(std::memory_order_relaxed) != 0) {
      entry.connections.store(0, std::memory_order_relaxed);
      entry.tunnels.store(0, std::memory_order_relaxed);
      entry.key.store(0, std::memory_order_relaxed);
    }
  }
  header.families[worker_id].store(family);
  header.workers_end.store(std::max(header.workers_end.load(), worker_id + 1));
  return use;
}

ClientUse::Header& ClientUse::header() const { return *reinterpret_cast<Header*>(file_.bytes().data()); }

std::uint64_t ClientUse::key_of(const base::IpAddress& client) const {
  return std::max<std::uint64_t>(client_key(client, header().secret), 1);
}

std::span<ClientUse::Open> ClientUse::open_of(std::uint32_t worker_id) const {
  auto* first = reinterpret_cast<Open*>(file_.bytes().data() + sizeof(Header) + kMovingClientsMax * sizeof(Moved));
  return {first + worker_id * kOpenClientsMax, kOpenClientsMax};
}

std::uint32_t ClientUse::begin(const base::IpAddress& client, Kind kind) {
  const std::uint64_t key = key_of(client);
  const auto counter = [kind](Open& entry) -> std::atomic<std::uint32_t>& { return kind == Kind::Tunnel ? entry.tunnels : entry.connections; };
  const std::size_t place = first_place(key, kOpenClientsMax);
  const auto own = open_of(worker_id_).subspan(place, kWays);
  auto found = std::find_if(own.begin(), own.end(), [key](const Open& entry) { return entry.key.load(std::memory_order_relaxed) == key; });
  if (found == own.end()) {
    found = std::min_element(own.begin(), own.end(), [](const Open& a, const Open& b) {
      return a.connections.load() + a.tunnels.load() < b.connections.load() + b.tunnels.load();
    });
    found->connections.store(0, std::memory_order_relaxed);
    found->tunnels.store(0, std::memory_order_relaxed);
    found->key.store(key, std::memory_order_release);
  }
  counter(*found).fetch_add(1, std::memory_order_relaxed);
  std::uint32_t total = 0;
  for (std::uint32_t worker = 0; worker < header().workers_end.load(std::memory_order_relaxed); ++worker) {
    if (header().families[worker].load(std::memory_order_relaxed) != family_) {
      continue;
    }
    for (Open& entry : open_of(worker).subspan(place, kWays)) {
      total += entry.key.load(std::memory_order_acquire) == key ? counter(entry).load(std::memory_order_relaxed) : 0;
    }
  }
  return total;
}

void ClientUse::end(const base::IpAddress& client, Kind kind) {
  const std::uint64_t key = key_of(client);
  for (Open& entry : open_of(worker_id_).subspan(first_place(key, kOpenClientsMax), kWays)) {
    auto& counter = kind == Kind::Tunnel ? entry.tunnels : entry.connections;
    // A client that was forgotten in between has nothing to take away.
    if (entry.key.load(std::memory_order_relaxed) == key && counter.load(std::memory_order_relaxed) > 0) {
      counter.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

std::span<ClientUse::Moved> ClientUse::moved() const {
  return {reinterpret_cast<Moved*>(file_.bytes().data() + sizeof(Header)), kMovingClientsMax};
}

// The client's entry; a new client takes the one of its places that was used least lately.
ClientUse::Moved& ClientUse::moved_of(std::uint64_t key, std::chrono::microseconds now) const {
  const auto now_us = static_cast<std::uint64_t>(now.count());
  const auto places = moved().subspan(first_place(key, kMovingClientsMax), kWays);
  while (true) {
    for (Moved& entry : places) {
      if (entry.key.load(std::memory_order_acquire) == key) {
        entry.last_use_us.store(now_us, std::memory_order_relaxed);
        return entry;
      }
    }
    Moved& oldest = *std::min_element(places.begin(), places.end(), [](const Moved& a, const Moved& b) { return a.last_use_us.load() < b.last_use_us.load(); });
    std::uint64_t previous = oldest.key.load(std::memory_order_acquire);
    if (oldest.key.compare_exchange_strong(previous, key)) {
      // Another worker may count for the client that was here until this moment: it is charged to this one.
      oldest.day_and_bytes.store(0, std::memory_order_release);
      oldest.paid_until_us.store(0, std::memory_order_release);
      oldest.last_use_us.store(now_us, std::memory_order_relaxed);
      return oldest;
    }
  }
}

std::uint64_t ClientUse::add_bytes(const base::IpAddress& client, std::uint32_t day, std::uint64_t bytes, std::chrono::microseconds now) {
  constexpr unsigned kDayShift = 48;
  constexpr std::uint64_t kBytesMask = (std::uint64_t{1} << kDayShift) - 1;
  const std::uint64_t today = std::uint64_t{day & 0xffff} << kDayShift;
  Moved& entry = moved_of(key_of(client), now);
  std::uint64_t known = entry.day_and_bytes.load(std::memory_order_relaxed);
  std::uint64_t sum = 0;
  do {
    const std::uint64_t before = (known & ~kBytesMask) == today ? known & kBytesMask : 0;
    sum = std::min(before + bytes, kBytesMask);
  } while (!entry.day_and_bytes.compare_exchange_weak(known, today | sum));
  return sum;
}

std::chrono::microseconds ClientUse::pace(const base::IpAddress& client, std::uint64_t bytes, std::uint64_t bytes_per_second,
                                          std::chrono::microseconds now) {
  constexpr std::uint64_t kBurstUs = 1'000'000;
  const auto now_us = static_cast<std::uint64_t>(now.count());
  const auto cost_us = static_cast<std::uint64_t>(static_cast<long double>(bytes) * 1e6L / static_cast<long double>(bytes_per_second));
  Moved& entry = moved_of(key_of(client), now);
  std::uint64_t paid = entry.paid_until_us.load(std::memory_order_relaxed);
  std::uint64_t until = 0;
  do {
    until = std::max(paid, now_us) + cost_us;
  } while (!entry.paid_until_us.compare_exchange_weak(paid, until));
  return std::chrono::microseconds(until > now_us + kBurstUs ? until - now_us - kBurstUs : 0);
}

}  // namespace weir::policy
