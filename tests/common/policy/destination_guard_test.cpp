#include "common/policy/destination_guard.h"

#include <gtest/gtest.h>

#include <string_view>

namespace weir::policy {
namespace {

base::IpAddress ip(std::string_view text) { return *base::IpAddress::parse(text); }

std::vector<base::Cidr> networks(std::initializer_list<const char*> texts) {
  std::vector<base::Cidr> parsed;
  for (const char* text : texts) {
    parsed.push_back(*base::Cidr::parse(text));
  }
  return parsed;
}

TEST(DestinationGuard, PermitsPublicAndPrivateAddresses) {
  const DestinationGuard guard({}, {});
  for (const char* address : {"8.8.8.8", "1.0.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "223.255.255.255",
                              "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "2001:db8::1", "2606:4700::1111", "fd00::1",
                              "fe7f:ffff::1", "fec0::1"}) {
    EXPECT_TRUE(guard.permits(ip(address))) << address;
  }
}

TEST(DestinationGuard, RefusesByDefaultWhatIsNoOrigin) {
  const DestinationGuard guard({}, {});
  for (const char* address : {"127.0.0.0", "127.0.0.1", "127.255.255.255", "::1", "169.254.0.0", "169.254.169.254", "169.254.255.255",
                              "fe80::", "fe80::1", "febf:ffff::1", "0.0.0.0", "0.255.255.255", "::", "224.0.0.0", "239.255.255.255",
                              "ff00::", "ff02::1", "240.0.0.0", "255.255.255.255", "fd00:ec2::254", "fd20:ce::254",
                              "100.100.100.200", "192.0.0.192", "168.63.129.16"}) {
    EXPECT_FALSE(guard.permits(ip(address))) << address;
  }
}

struct Embedding {
  const char* form;
  const char* loopback;  // 127.0.0.1
  const char* metadata;  // 169.254.169.254
  const char* common;    // 8.8.8.8
};

constexpr Embedding kEmbeddings[] = {
    {"mapped", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8"},
    {"compatible", "::127.0.0.1", "::169.254.169.254", "::8.8.8.8"},
    {"translated", "::ffff:0:127.0.0.1", "::ffff:0:169.254.169.254", "::ffff:0:8.8.8.8"},
    {"NAT64", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::8.8.8.8"},
    {"local NAT64, /48", "64:ff9b:1:7f00:0:100::", "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:808:8:800::"},
    {"local NAT64, /56", "64:ff9b:1:7f:0:1::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:8:8:808::"},
    {"local NAT64, /64", "64:ff9b:1:0:7f:0:100:0", "64:ff9b:1:0:a9:fea9:fe00:0", "64:ff9b:1:0:8:808:800:0"},
    {"local NAT64, /96", "64:ff9b:1::127.0.0.1", "64:ff9b:1::169.254.169.254", "64:ff9b:1::8.8.8.8"},
    {"6to4", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2002:808:808::1"},
    {"Teredo server", "2001:0:7f00:1:0:ffff:f7f7:f7f7", "2001:0:a9fe:a9fe:0:ffff:f7f7:f7f7", "2001:0:808:808:0:ffff:f7f7:f7f7"},
    {"Teredo client", "2001:0:808:808:0:ffff:80ff:fffe", "2001:0:808:808:0:ffff:5601:5601", "2001:0:808:808:0:ffff:f7f7:f7f7"},
};

TEST(DestinationGuard, JudgesAnEmbeddedAddressAsIfItWereConnectedTo) {
  const DestinationGuard guard({}, {});
  for (const Embedding& embedding : kEmbeddings) {
    EXPECT_FALSE(guard.permits(ip(embedding.loopback))) << embedding.form;
    EXPECT_FALSE(guard.permits(ip(embedding.metadata))) << embedding.form;
    EXPECT_TRUE(guard.permits(ip(embedding.common))) << embedding.form;
  }
}

TEST(DestinationGuard, OpensAnEmbeddedAddressWithTheAddressItself) {
  const DestinationGuard guard(base::loopback_networks(), {});
  for (const Embedding& embedding : kEmbeddings) {
    EXPECT_TRUE(guard.permits(ip(embedding.loopback))) << embedding.form;
    EXPECT_FALSE(guard.permits(ip(embedding.metadata))) << embedding.form;
  }
}

TEST(DestinationGuard, DeniesAnEmbeddedAddressWithTheAddressItself) {
  const DestinationGuard guard({}, networks({"8.8.8.0/24"}));
  for (const Embedding& embedding : kEmbeddings) {
    EXPECT_FALSE(guard.permits(ip(embedding.common))) << embedding.form;
  }
}

TEST(DestinationGuard, DeniesTheEmbeddingFormToo) {
  const DestinationGuard guard({}, networks({"64:ff9b::/96"}));
  EXPECT_FALSE(guard.permits(ip("64:ff9b::8.8.8.8")));
  EXPECT_TRUE(guard.permits(ip("8.8.8.8")));
}

TEST(DestinationGuard, LetsAllowBeatDenyAndDefault) {
  const DestinationGuard guard(networks({"10.1.0.0/16", "127.0.0.1", "::1"}), networks({"10.0.0.0/8", "::1"}));
  EXPECT_TRUE(guard.permits(ip("10.1.2.3")));
  EXPECT_FALSE(guard.permits(ip("10.2.0.0")));
  EXPECT_TRUE(guard.permits(ip("127.0.0.1")));
  EXPECT_FALSE(guard.permits(ip("127.0.0.2")));
  EXPECT_TRUE(guard.permits(ip("::1")));
}

TEST(DestinationGuard, LetsAllowBeatDenyInEveryForm) {
  const DestinationGuard guard(networks({"8.8.8.8"}), networks({"::/0"}));
  for (const Embedding& embedding : kEmbeddings) {
    const bool has_one_reading = std::string_view(embedding.form).find("local NAT64, /") == std::string_view::npos;
    EXPECT_TRUE(guard.permits(ip(embedding.common)) || !has_one_reading) << embedding.form;
    EXPECT_FALSE(guard.permits(ip(embedding.loopback))) << embedding.form;
  }
  EXPECT_FALSE(guard.permits(ip("8.8.4.4")));
  EXPECT_FALSE(guard.permits(ip("2001:db8::1")));
}

TEST(DestinationGuard, WantsEveryReadingOfALocalNat64AddressAllowedOrTheAddressItself) {
  const base::IpAddress address = ip("64:ff9b:1:808:8:800::");  // 8.8.8.8 by /48, 8.8.8.0 by /56, 8.8.0.0 by /64
  EXPECT_FALSE(DestinationGuard(networks({"8.8.8.8"}), networks({"::/0"})).permits(address));
  EXPECT_TRUE(DestinationGuard(networks({"8.8.0.0/16"}), networks({"::/0"})).permits(address));
  EXPECT_TRUE(DestinationGuard(networks({"64:ff9b:1::/48"}), networks({"::/0"})).permits(address));
}

TEST(DestinationGuard, PermitsEverythingWhenAnyIsAllowed) {
  const DestinationGuard guard(networks({"::/0"}), networks({"10.0.0.0/8"}));
  for (const char* address : {"127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "0.0.0.0", "64:ff9b::7f00:1"}) {
    EXPECT_TRUE(guard.permits(ip(address))) << address;
  }
}

}  // namespace
}  // namespace weir::policy
