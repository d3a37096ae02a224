#include "common/policy/client_access.h"

#include <gtest/gtest.h>

namespace weir::policy {
namespace {

base::IpAddress ip(std::string_view text) { return *base::IpAddress::parse(text); }

ClientAccess by_listening(std::initializer_list<const char*> addresses) {
  std::vector<base::SocketAddress> listening;
  for (const char* address : addresses) {
    listening.push_back(*base::SocketAddress::parse(address));
  }
  return ClientAccess({}, listening);
}

TEST(ClientAccess, AdmitsThisMachineOnlyWhenItListensOnLoopback) {
  const ClientAccess access = by_listening({"127.0.0.1:8080", "[::1]:8080", "127.0.0.7:1"});
  EXPECT_TRUE(access.permits(ip("127.0.0.1")));
  EXPECT_TRUE(access.permits(ip("127.9.9.9")));
  EXPECT_TRUE(access.permits(ip("::1")));
  EXPECT_TRUE(access.permits(ip("::ffff:127.0.0.1")));
  EXPECT_FALSE(access.permits(ip("192.168.1.2")));
  EXPECT_FALSE(access.permits(ip("fe80::1")));
  EXPECT_FALSE(access.permits(ip("203.0.113.1")));
}

TEST(ClientAccess, AdmitsPrivateNetworksWhenItListensWider) {
  for (const ClientAccess& access : {by_listening({":8080"}), by_listening({"127.0.0.1:8080", "192.168.1.1:8080"})}) {
    for (const char* inside : {"127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.2", "100.64.0.1",
                               "169.254.3.4", "fe80::1", "fd00::1", "::ffff:10.0.0.1"}) {
      EXPECT_TRUE(access.permits(ip(inside))) << inside;
    }
    for (const char* outside : {"203.0.113.1", "8.8.8.8", "172.32.0.0", "172.15.255.255", "2001:db8::1", "::", "0.0.0.0"}) {
      EXPECT_FALSE(access.permits(ip(outside))) << outside;
    }
  }
}

TEST(ClientAccess, AdmitsExactlyTheGivenNetworks) {
  const std::vector<base::SocketAddress> listening{*base::SocketAddress::parse("127.0.0.1:8080")};
  const ClientAccess access({*base::Cidr::parse("203.0.113.0/24")}, listening);
  EXPECT_TRUE(access.permits(ip("203.0.113.0")));
  EXPECT_TRUE(access.permits(ip("203.0.113.255")));
  EXPECT_FALSE(access.permits(ip("203.0.114.0")));
  EXPECT_FALSE(access.permits(ip("127.0.0.1")));
}

TEST(ClientAccess, AdmitsThisMachineOnlyWhenItListensNowhereYet) {
  const ClientAccess access({}, {});
  EXPECT_TRUE(access.permits(ip("127.0.0.1")));
  EXPECT_FALSE(access.permits(ip("10.0.0.1")));
}

}  // namespace
}  // namespace weir::policy
