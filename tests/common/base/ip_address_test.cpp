#include "common/base/ip_address.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::base {
namespace {

std::string normal(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->to_string() : "none";
}

TEST(IpAddress, ParsesAndWritesBothFamilies) {
  EXPECT_EQ(normal("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(normal("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(normal("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(normal("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(normal("::"), "::");
  EXPECT_EQ(normal("::1"), "::1");
  EXPECT_EQ(normal("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8");
}

TEST(IpAddress, TakesAMappedAddressForTheIpv4AddressItself) {
  EXPECT_EQ(normal("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("::ffff:c000:201"), IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(IpAddress::parse("::ffff:192.0.2.1")->is_v4());
  EXPECT_FALSE(IpAddress::parse("::192.0.2.1")->is_v4());
  EXPECT_FALSE(IpAddress::parse("::fffe:192.0.2.1")->is_v4());
}

TEST(IpAddress, RefusesEverythingElse) {
  for (const char* text : {"", " ", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "0x7f.0.0.1", "1.2.3.4 ", " 1.2.3.4",
                           "2130706433", "1.2.3.-4", "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "[::1]", "fe80::1%eth0", "g::",
                           "12345::", "1.2.3.4/8", "localhost"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::parse(std::string(1000, '1')));
}

TEST(IpAddress, PacksIntoTheOctetsOfItsFamily) {
  EXPECT_EQ(IpAddress::parse("1.2.3.4")->packed(), std::string_view("\1\2\3\4", 4));
  EXPECT_EQ(IpAddress::parse("::1")->packed().size(), 16u);
  for (const char* text : {"1.2.3.4", "::", "2001:db8::1"}) {
    const auto address = IpAddress::parse(text);
    EXPECT_EQ(IpAddress::from_octets(address->packed()), address) << text;
  }
  EXPECT_FALSE(IpAddress::from_octets(""));
  EXPECT_FALSE(IpAddress::from_octets("123"));
  EXPECT_FALSE(IpAddress::from_octets("12345"));
  EXPECT_FALSE(IpAddress::from_octets(std::string(15, '1')));
  EXPECT_FALSE(IpAddress::from_octets(std::string(17, '1')));
}

bool contains(const char* network, const char* address) {
  return Cidr::parse(network)->contains(*IpAddress::parse(address));
}

TEST(Cidr, ContainsAddressesUpToItsLastBit) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.0.0.0"));
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(contains("10.0.0.0/8", "9.255.255.255"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(contains("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(contains("192.0.2.1/32", "192.0.2.0"));
  EXPECT_TRUE(contains("192.0.2.2/31", "192.0.2.3"));
  EXPECT_FALSE(contains("192.0.2.2/31", "192.0.2.4"));
  EXPECT_TRUE(contains("fe80::/10", "febf:ffff::1"));
  EXPECT_FALSE(contains("fe80::/10", "fec0::"));
  EXPECT_TRUE(contains("2001:db8::/127", "2001:db8::1"));
  EXPECT_FALSE(contains("2001:db8::/127", "2001:db8::2"));
}

TEST(Cidr, KeepsTheFamiliesApartExceptForAllOfIpv6) {
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
  EXPECT_TRUE(contains("::/0", "::1"));
  EXPECT_TRUE(contains("::/0", "203.0.113.9"));
  EXPECT_TRUE(contains("127.0.0.0/8", "::ffff:127.0.0.1"));
  EXPECT_FALSE(contains("127.0.0.0/8", "::127.0.0.1"));
}

TEST(Cidr, ClearsHostBitsAndWritesItself) {
  EXPECT_EQ(Cidr::parse("10.1.2.3/8")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(Cidr::parse("10.1.2.3")->to_string(), "10.1.2.3/32");
  EXPECT_EQ(Cidr::parse("0.0.0.0/0")->to_string(), "0.0.0.0/0");
  EXPECT_EQ(Cidr::parse("2001:db8::ffff/32")->to_string(), "2001:db8::/32");
  EXPECT_EQ(Cidr::parse("::1")->to_string(), "::1/128");
  EXPECT_EQ(Cidr::parse("::/0")->to_string(), "::/0");
  EXPECT_EQ(Cidr::parse("10.1.2.3/8"), Cidr::parse("10.0.0.0/8"));
}

TEST(Cidr, RefusesWhatIsNoNetwork) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ", "10.0.0.0/8/8", "::/129",
                           "10.0.0/8", "/8", "10.0.0.0/255.0.0.0", "loopback"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

std::string normal_socket(std::string_view text) {
  const auto socket = SocketAddress::parse(text);
  return socket ? socket->to_string() : "none";
}

TEST(SocketAddress, ParsesAndWritesEveryForm) {
  EXPECT_EQ(normal_socket("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(normal_socket("[::1]:8080"), "[::1]:8080");
  EXPECT_EQ(normal_socket(":8080"), "[::]:8080");
  EXPECT_EQ(normal_socket("*:8080"), "[::]:8080");
  EXPECT_EQ(normal_socket("0.0.0.0:0"), "0.0.0.0:0");
  EXPECT_EQ(normal_socket("127.0.0.1:65535"), "127.0.0.1:65535");
}

TEST(SocketAddress, RefusesEverythingElse) {
  for (const char* text : {"", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "::1:8080",
                           "[::1]", "[]:1", "[::1]8080", "localhost:8080", "127.0.0.1:80a", " 127.0.0.1:80", "[::1:80"}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
}

}  // namespace
}  // namespace weir::base
