#include "common/policy/client_use.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

using Kind = ClientUse::Kind;
using namespace std::chrono_literals;

base::IpAddress address(const std::string& text) { return *base::IpAddress::parse(text); }

std::size_t offset_in(const std::filesystem::path& path, const std::string& text) {
  std::ifstream file(path, std::ios::binary);
  std::string page(4096, '\0');
  file.read(page.data(), static_cast<std::streamsize>(page.size()));
  return page.find(text);
}

// That of this machine, if it stands in the file's header.
std::string boot_id_in(const std::filesystem::path& path) {
  std::string id;
  std::ifstream boot("/proc/sys/kernel/random/boot_id");
  std::getline(boot, id);
  return offset_in(path, id) == std::string::npos ? "" : id;
}

class ClientUseTest : public testing::Test {
 protected:
  ClientUse open(std::uint32_t worker_id = 0, std::uint32_t family = 1) {
    std::string error;
    auto use = ClientUse::open(folder_.path() / "client_use", worker_id, family, error);
    EXPECT_TRUE(use) << error;
    return std::move(*use);
  }

  tests::TemporaryFolder folder_;
  base::IpAddress client_ = address("192.0.2.1");
};

TEST_F(ClientUseTest, CountsWhatIsOpenInAllWorkers) {
  ClientUse first = open(0);
  ClientUse second = open(7);
  EXPECT_EQ(first.begin(client_, Kind::Connection), 1u);
  EXPECT_EQ(second.begin(client_, Kind::Connection), 2u);
  EXPECT_EQ(second.begin(client_, Kind::Tunnel), 1u) << "tunnels are counted apart";
  EXPECT_EQ(first.begin(address("192.0.2.2"), Kind::Connection), 1u) << "another client";
  first.end(client_, Kind::Connection);
  EXPECT_EQ(first.begin(client_, Kind::Connection), 2u);
  first.end(client_, Kind::Connection);
  second.end(client_, Kind::Connection);
  second.end(client_, Kind::Connection);
  EXPECT_EQ(second.begin(client_, Kind::Connection), 1u) << "never below nothing";
}

TEST_F(ClientUseTest, TakesAnIpv6SubscriberForOneClient) {
  ClientUse use = open();
  EXPECT_EQ(use.begin(address("2001:db8:0:1::1"), Kind::Connection), 1u);
  EXPECT_EQ(use.begin(address("2001:db8:0:1:ffff::2"), Kind::Connection), 2u);
  EXPECT_EQ(use.begin(address("2001:db8:0:2::1"), Kind::Connection), 1u);
}

TEST_F(ClientUseTest, ForgetsWhatAKilledWorkerHadOpen) {
  ClientUse other = open(1);
  EXPECT_EQ(other.begin(client_, Kind::Tunnel), 1u);
  {
    ClientUse killed = open(0);
    EXPECT_EQ(killed.begin(client_, Kind::Tunnel), 2u);
    EXPECT_EQ(killed.add_bytes(client_, 20'000, 500, 100s), 500u);
  }
  ClientUse successor = open(0);
  EXPECT_EQ(successor.begin(client_, Kind::Tunnel), 2u) << "its own and the other worker's";
  EXPECT_EQ(successor.add_bytes(client_, 20'000, 1, 100s), 501u) << "what was moved stays";
}

// Four workers were killed with their supervisor; the next one starts two.
TEST_F(ClientUseTest, ForgetsWhatAnEarlierFamilyHadOpen) {
  for (std::uint32_t worker = 0; worker < 4; ++worker) {
    (void)open(worker, 1).begin(client_, Kind::Connection);
  }
  ClientUse first = open(0, 2);
  EXPECT_EQ(first.begin(client_, Kind::Connection), 1u);
  EXPECT_EQ(open(1, 2).begin(client_, Kind::Connection), 2u);
}

TEST_F(ClientUseTest, CountsTheOctetsOfADay) {
  ClientUse use = open();
  EXPECT_EQ(use.add_bytes(client_, 20'000, 10, 100s), 10u);
  EXPECT_EQ(use.add_bytes(client_, 20'000, 5, 100s), 15u);
  EXPECT_EQ(use.add_bytes(client_, 20'001, 1, 100s), 1u) << "a new day";
  EXPECT_EQ(use.add_bytes(client_, 20'001, UINT64_MAX / 4, 100s), (std::uint64_t{1} << 48) - 1);
}

TEST_F(ClientUseTest, PacesOverAllWorkers) {
  ClientUse first = open(0);
  ClientUse second = open(1);
  constexpr std::uint64_t kRate = 1'000'000;
  EXPECT_EQ(first.pace(client_, 600'000, kRate, 100s), 0us) << "a second's worth may come at once";
  EXPECT_EQ(second.pace(client_, 600'000, kRate, 100s), 200'000us);
  EXPECT_EQ(first.pace(client_, 0, kRate, 100s + 200ms), 0us);
  EXPECT_EQ(first.pace(client_, 1'000'000, kRate, 200s), 0us) << "silence earns no more than a second";
  EXPECT_EQ(first.pace(client_, 1'000'000, kRate, 200s), 1'000'000us);
  EXPECT_EQ(first.pace(address("192.0.2.9"), 10, kRate, 200s), 0us);
}

// After a reboot the clock begins anew; a pace that was owed before it must not hold anybody up for the uptime before.
TEST_F(ClientUseTest, ForgetsPacesOfAnotherBoot) {
  {
    ClientUse before = open();
    EXPECT_EQ(before.pace(client_, 5'000'000, 1'000'000, 1'000h), 4'000'000us);
    EXPECT_EQ(before.add_bytes(client_, 20'000, 10, 1'000h), 10u);
  }
  const auto path = folder_.path() / "client_use";
  const std::string id = boot_id_in(path);
  ASSERT_EQ(id.size(), 36u);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset_in(path, id))).put(id.front() == '0' ? '1' : '0');
  }
  ClientUse after = open();
  EXPECT_EQ(after.pace(client_, 1, 1'000'000, 60s), 0us);
  EXPECT_EQ(after.add_bytes(client_, 20'000, 1, 60s), 11u) << "the day goes on";
}

// Without a pace nothing else tells who was seen when.
TEST_F(ClientUseTest, KeepsTheDaysOfAsManyClientsAsItHasRoomFor) {
  ClientUse use = open();
  constexpr unsigned kClients = 5'000;
  const auto client = [](unsigned number) { return address("10.0." + std::to_string(number >> 8) + "." + std::to_string(number & 255)); };
  for (unsigned round = 1; round <= 3; ++round) {
    for (unsigned number = 0; number < kClients; ++number) {
      ASSERT_EQ(use.add_bytes(client(number), 20'000, 1, std::chrono::microseconds(round)), round) << number;
    }
  }
}

TEST_F(ClientUseTest, ReplacesAFileOfAnotherLayout) {
  (void)open().add_bytes(client_, 20'000, 10, 100s);
  { std::fstream(folder_.path() / "client_use", std::ios::in | std::ios::out | std::ios::binary).put('!'); }
  EXPECT_EQ(open().add_bytes(client_, 20'000, 1, 100s), 1u);
}

TEST_F(ClientUseTest, TakesAMillionClientsInBoundedMemory) {
  ClientUse use = open();
  const auto bytes = std::filesystem::file_size(folder_.path() / "client_use");
  for (std::uint32_t number = 0; number < 1'000'000; ++number) {
    const std::array<std::uint8_t, 4> octets{10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                                             static_cast<std::uint8_t>(number)};
    const auto client = base::IpAddress::from_v4(octets);
    ASSERT_EQ(use.begin(client, Kind::Connection), 1u);
    ASSERT_EQ(use.add_bytes(client, 20'000, 7, std::chrono::microseconds(number + 1)), 7u);
    ASSERT_EQ(use.pace(client, 7, 1000, std::chrono::microseconds(number + 1)), 0us);
    use.end(client, Kind::Connection);
  }
  EXPECT_EQ(use.begin(client_, Kind::Connection), 1u);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "client_use"), bytes);
}

// Nothing is lost between processes that count for one client at once.
TEST_F(ClientUseTest, AddsUpOverProcesses) {
  constexpr int kProcesses = 4;
  constexpr int kTimes = 20'000;
  { (void)open().add_bytes(client_, 20'000, 0, 100s); }
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ClientUse use = open(static_cast<std::uint32_t>(i));
      for (int time = 0; time < kTimes; ++time) {
        (void)use.add_bytes(client_, 20'000, 3, 100s);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open().add_bytes(client_, 20'000, 0, 100s), std::uint64_t{3} * kProcesses * kTimes);
}

TEST_F(ClientUseTest, SaysWhyItCannotBeOpened) {
  std::string error;
  EXPECT_FALSE(ClientUse::open(folder_.path() / "missing" / "client_use", 0, 1, error));
  EXPECT_NE(error.find("missing"), std::string::npos);
}

}  // namespace
}  // namespace weir::policy
