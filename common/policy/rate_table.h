// The mapped file behind RateWindows: a header, the directory of clients in sets of 16 slots, and for each slot a ring
// of the times of its last admissions. Knows the layout, not the algorithm.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "common/base/ip_address.h"
#include "common/base/mapped_file.h"
#include "common/policy/rate_words.h"

namespace weir::policy {

constexpr std::size_t kWays = 16;

// Where one hash value's clients are looked for. A client's key is split in two halves so that each can carry the
// claim that it belongs to.
struct ClientSet {
  std::array<RateWord, kWays> key_high;   // KeyHalf
  std::array<RateWord, kWays> key_low;    // KeyHalf
  std::array<RateWord, kWays> state;      // SlotState
  std::array<RateWord, kWays> claimed_at;  // ClaimTime, us
};
static_assert(sizeof(ClientSet) == 512);

class RateTable {
 public:
  static constexpr std::uint64_t kClientsMax = 65'536;
  static constexpr std::uint64_t kFileBytesMax = 256u << 20;
  static constexpr std::uint32_t kRequestsMax = 1'000'000;  // one set of such rings is half of kFileBytesMax

  // See RateWindows::open.
  static std::optional<RateTable> open(const std::filesystem::path& path, std::uint32_t requests,
                                       std::chrono::milliseconds window, std::uint64_t clients_max, std::string& error);

  std::uint32_t requests() const { return requests_; }
  std::uint64_t window_us() const { return window_us_; }
  std::size_t clients_max() const { return sets_.size() * kWays; }

  // The number under which a client is known, with a secret of this file.
  std::uint64_t key_of(const base::IpAddress& client) const;
  ClientSet& set_of(std::uint64_t key) const { return sets_[key & (sets_.size() - 1)]; }
  std::span<RateWord> ring_of(const ClientSet& set, std::size_t way) const {
    const auto slot = static_cast<std::size_t>(&set - sets_.data()) * kWays + way;
    return rings_.subspan(slot * requests_, requests_);
  }
  // Heads count up to here and begin again at 0; an even number of laps.
  std::uint64_t head_end() const { return ((std::uint64_t{1} << 32) / requests_ & ~std::uint64_t{1}) * requests_; }
  // How many clients lost their window while it still counted because more were active than the table holds.
  RateWord& live_evictions() const;

 private:
  struct Identity;
  struct Header;
  static std::optional<RateTable> open_existing(const std::filesystem::path& path, const Identity& wanted);
  static std::optional<RateTable> create(const std::filesystem::path& path, const Identity& wanted, std::string& error);
  explicit RateTable(base::MappedFile file);
  Header& header() const;

  base::MappedFile file_;
  std::uint32_t requests_ = 0;
  std::uint64_t window_us_ = 0;
  std::span<ClientSet> sets_;
  std::span<RateWord> rings_;
};

}  // namespace weir::policy
