#include "common/policy/client_use.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace weir::policy {
namespace {

using Kind = ClientUse::Kind;
using namespace std::chrono_literals;

base::IpAddress address(const std::string& text) { return *base::IpAddress::parse(text); }

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
    EXPECT_EQ(killed.add_bytes(client_, 20'000, 500), 500u);
  }
  ClientUse successor = open(0);
  EXPECT_EQ(successor.begin(client_, Kind::Tunnel), 2u) << "its own and the other worker's";
  EXPECT_EQ(successor.add_bytes(client_, 20'000, 1), 501u) << "what was moved stays";
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
  EXPECT_EQ(use.add_bytes(client_, 20'000, 10), 10u);
  EXPECT_EQ(use.add_bytes(client_, 20'000, 5), 15u);
  EXPECT_EQ(use.add_bytes(client_, 20'001, 1), 1u) << "a new day";
  EXPECT_EQ(use.add_bytes(client_, 20'001, UINT64_MAX / 4), (std::uint64_t{1} << 48) - 1);
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

TEST_F(ClientUseTest, SurvivesManyClients) {
  ClientUse use = open();
  for (unsigned i = 0; i < 300'000; ++i) {
    const base::IpAddress client = address("10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255));
    ASSERT_GE(use.begin(client, Kind::Connection), 1u);
    ASSERT_EQ(use.add_bytes(client, 20'000, 7) % 7, 0u);
    (void)use.pace(client, 7, 1000, std::chrono::microseconds(i + 1));
    use.end(client, Kind::Connection);
  }
  EXPECT_EQ(use.begin(client_, Kind::Connection), 1u);
}

// Nothing is lost between processes that count for one client at once.
TEST_F(ClientUseTest, AddsUpOverProcesses) {
  constexpr int kProcesses = 4;
  constexpr int kTimes = 20'000;
  { (void)open().add_bytes(client_, 20'000, 0); }
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ClientUse use = open(static_cast<std::uint32_t>(i));
      for (int time = 0; time < kTimes; ++time) {
        (void)use.add_bytes(client_, 20'000, 3);
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
  EXPECT_EQ(open().add_bytes(client_, 20'000, 0), std::uint64_t{3} * kProcesses * kTimes);
}

TEST_F(ClientUseTest, SaysWhyItCannotBeOpened) {
  std::string error;
  EXPECT_FALSE(ClientUse::open(folder_.path() / "missing" / "client_use", 0, 1, error));
  EXPECT_NE(error.find("missing"), std::string::npos);
}

}  // namespace
}  // namespace weir::policy
