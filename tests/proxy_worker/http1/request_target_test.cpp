#include "proxy_worker/http1/request_target.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http1 {
namespace {

using namespace std::string_literals;

TargetError target_error(std::string_view method, std::string_view target) {
  RequestTarget out;
  return parse_request_target(method, target, out);
}

// The views in it point into `target`.
RequestTarget parsed(std::string_view target, std::string_view method = "GET") {
  RequestTarget out;
  EXPECT_EQ(parse_request_target(method, target, out), TargetError::None) << target;
  return out;
}

TEST(AbsoluteForm, IsTakenApart) {
  const RequestTarget target = parsed("http://WWW.Example.ORG:8080/a/b?c=d&e");
  EXPECT_EQ(target.form, TargetForm::Absolute);
  EXPECT_EQ(target.authority.host, "www.example.org");
  EXPECT_EQ(target.authority.port, 8080);
  EXPECT_FALSE(target.authority.literal);
  EXPECT_EQ(target.path_and_query, "/a/b?c=d&e");
}

TEST(AbsoluteForm, MayHaveItsSchemeInAnyCase) {
  for (const char* target : {"HTTP://a.example/", "Http://a.example/", "hTTp://a.example/"}) {
    EXPECT_EQ(target_error("GET", target), TargetError::None) << target;
  }
}

TEST(AbsoluteForm, MayHaveNoPath) {
  EXPECT_EQ(parsed("http://a.example").path_and_query, "");
  EXPECT_EQ(parsed("http://a.example?q=/").path_and_query, "?q=/");
  EXPECT_EQ(parsed("http://a.example/").path_and_query, "/");
}

// RFC 9112 section 3.2: a fragment is no part of a request target.
TEST(AbsoluteForm, LosesItsFragment) {
  EXPECT_EQ(parsed("http://a.example/x#y").path_and_query, "/x");
  EXPECT_EQ(parsed("http://a.example#y/z").path_and_query, "");
  EXPECT_EQ(parsed("http://a.example?x#y?z").path_and_query, "?x");
}

TEST(AbsoluteForm, KeepsPathAndQueryByteForByte) {
  const std::string path = "/%2e%2E/../a//b;c=%00%zz?x=\"<>\\^`{|}\xe2\x82\xac&&=://@:[]";
  const std::string target = "http://a.example" + path;
  EXPECT_EQ(parsed(target).path_and_query, path);
}

TEST(AbsoluteForm, MayBeAsLongAsUrisGet) {
  const std::string target = "http://a.example/" + std::string(8'000, 'x');
  EXPECT_EQ(parsed(target).path_and_query.size(), 8'001u);
}

TEST(AbsoluteForm, IsNeverSentInPlainTextForHttps) {
  EXPECT_EQ(target_error("GET", "https://a.example/"), TargetError::HttpsNeedsConnect);
  EXPECT_EQ(target_error("GET", "HTTPS://a.example/"), TargetError::HttpsNeedsConnect);
}

TEST(AbsoluteForm, HasSchemeHttp) {
  for (const char* target : {"ftp://a.example/", "ws://a.example/", "file:///etc/passwd", "httpx://a.example/", "://a.example/", "x/http://a.example/"}) {
    EXPECT_EQ(target_error("GET", target), TargetError::UnsupportedScheme) << target;
  }
  for (const char* target : {"http:/a.example/", "http:a.example", "a.example/", "a.example", "urn:x", "?q", "#f", "*x"}) {
    EXPECT_EQ(target_error("GET", target), TargetError::WrongForm) << target;
  }
}

// RFC 9110 section 4.2.4: userinfo is a means of deceit.
TEST(AbsoluteForm, HasNoUserinfo) {
  for (const char* target : {"http://user@a.example/", "http://user:pass@a.example/", "http://@a.example/", "http://a.example:80@b.example/",
                             "http://a.example%40b.example/", "http://:80@a.example/"}) {
    EXPECT_EQ(target_error("GET", target), TargetError::BadAuthority) << target;
  }
}

TEST(Host, IsALowerCaseNameWithoutTrailingDot) {
  EXPECT_EQ(parsed("http://A.Example./").authority.host, "a.example");
  EXPECT_EQ(parsed("http://xn--bcher-kva.example/").authority.host, "xn--bcher-kva.example");
  EXPECT_EQ(parsed("http://a_b.-c-.example/").authority.host, "a_b.-c-.example");
  EXPECT_EQ(parsed("http://localhost/").authority.host, "localhost");
  EXPECT_EQ(parsed("http://3com.1e100/").authority.host, "3com.1e100");
}

TEST(Host, IsRefusedWhenItIsNoName) {
  for (const char* host : {"", ".", "..", "a..b", ".a", "a..", "a b", "a%41", "b\xc3\xbc""cher.example", "a*b", "*.example", "a,b", "[", "]",
                           "[]", "a]", "[a]", "a\\b", "a\"", "<a>", "a;b", "a&b", "a=b", "$a", "a|b", "a'"}) {
    EXPECT_EQ(target_error("GET", "http://"s + host + ":80/"), TargetError::BadAuthority) << host;
  }
}

// RFC 1035 section 2.3.4.
TEST(Host, HasBoundedLabelsAndLength) {
  const auto with_label = [](std::size_t bytes) { return "http://" + std::string(bytes, 'a') + ".example/"; };
  EXPECT_EQ(target_error("GET", with_label(62)), TargetError::None);
  EXPECT_EQ(target_error("GET", with_label(63)), TargetError::None);
  EXPECT_EQ(target_error("GET", with_label(64)), TargetError::BadAuthority);
  const auto with_name = [](std::size_t bytes) {
    std::string name;
    while (name.size() + 2 < bytes) {
      name += "a.";
    }
    name += std::string(bytes - name.size(), 'b');
    return "http://" + name + "/";
  };
  EXPECT_EQ(target_error("GET", with_name(252)), TargetError::None);
  EXPECT_EQ(target_error("GET", with_name(253)), TargetError::None);
  EXPECT_EQ(target_error("GET", with_name(254)), TargetError::BadAuthority);
}

TEST(Host, MayBeAnIpv4Address) {
  const RequestTarget target = parsed("http://192.0.2.7:81/");
  EXPECT_EQ(target.authority.host, "192.0.2.7");
  ASSERT_TRUE(target.authority.literal);
  EXPECT_EQ(*target.authority.literal, *base::IpAddress::parse("192.0.2.7"));
  EXPECT_TRUE(parsed("http://192.0.2.7./").authority.literal);
}

// Some resolvers take these for addresses: they only serve to slip past address checks.
TEST(Host, IsRefusedInOtherSpellingsOfAnAddress) {
  for (const char* host : {"127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.01", "0x7f.1", "127.0.0.0x1", "127.0.0.1.1",
                           "256.0.0.1", "1.2.3", "1.2.3.4.5", "0", "a.1", "a.0x1f", "0X7F.1", "0X7F000001", "a.0X1f", "0x", "1.2.3.4.", "00000000177.0.0.1"}) {
    const bool is_proper = host == "1.2.3.4."s;  // a trailing dot is removed from addresses as from names
    EXPECT_EQ(target_error("GET", "http://"s + host + "/"), is_proper ? TargetError::None : TargetError::BadAuthority) << host;
  }
}

TEST(Host, MayBeAnIpv6AddressInBrackets) {
  const RequestTarget target = parsed("http://[2001:DB8:0:0::1]:8080/x");
  EXPECT_EQ(target.authority.host, "2001:db8::1");
  EXPECT_EQ(target.authority.port, 8080);
  EXPECT_EQ(*target.authority.literal, *base::IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(target.path_and_query, "/x");
  EXPECT_EQ(parsed("http://[::1]").authority.port, 80);
}

// The guard must see the address that the kernel will connect to.
TEST(Host, IsTheIpv4AddressThatAMappedAddressStandsFor) {
  const RequestTarget target = parsed("http://[::ffff:127.0.0.1]/");
  EXPECT_TRUE(target.authority.literal->is_v4());
  EXPECT_EQ(target.authority.host, "127.0.0.1");
  EXPECT_EQ(target.authority.to_string(80), "127.0.0.1");
}

TEST(Host, IsRefusedAsMalformedIpv6) {
  for (const char* host : {"[::1", "::1", "[::1]x", "[::1%25eth0]", "[::1%eth0]", "[v1.x]", "[1:2:3]", "[::g]", "[::1]]", "[[::1]]", "[127.0.0.1]", "[ ::1]",
                           "[1::2::3]", "[]", "2001:db8::1"}) {
    EXPECT_EQ(target_error("GET", "http://"s + host + "/"), TargetError::BadAuthority) << host;
  }
}

TEST(Port, IsDecimalAndNeitherZeroNorAbove65535) {
  EXPECT_EQ(parsed("http://a.example:1/").authority.port, 1);
  EXPECT_EQ(parsed("http://a.example:65535/").authority.port, 65535);
  EXPECT_EQ(parsed("http://a.example:00080/").authority.port, 80);
  for (const char* port : {"0", "00", "65536", "99999999999999999999999", "-1", "+80", "8 0", "80a", "0x50", " 80", "8:0", ":80", "\xd9\xa1"}) {
    EXPECT_EQ(target_error("GET", "http://a.example:"s + port + "/"), TargetError::BadAuthority) << port;
  }
}

// RFC 3986 section 3.2.3.
TEST(Port, IsTheSchemesWhenItIsEmpty) {
  EXPECT_EQ(parsed("http://a.example:/").authority.port, 80);
  EXPECT_EQ(parsed("http://[::1]:").authority.port, 80);
}

// RFC 9112 section 3.2.3.
TEST(AuthorityForm, IsForConnectAlone) {
  const RequestTarget target = parsed("A.example:443", "CONNECT");
  EXPECT_EQ(target.form, TargetForm::Authority);
  EXPECT_EQ(target.authority.host, "a.example");
  EXPECT_EQ(target.authority.port, 443);
  EXPECT_EQ(target.path_and_query, "");
  EXPECT_EQ(target_error("GET", "a.example:443"), TargetError::WrongForm);
}

TEST(AuthorityForm, HasAHostAndAPort) {
  EXPECT_EQ(parsed("[::1]:8443", "CONNECT").authority.port, 8443);
  for (const char* target : {"a.example", "a.example:", ":443", "[::1]", "a.example:0", "a.example:65536", "a.example:443/", "http://a.example:443/",
                             "user@a.example:443", "/", "*", "::1:443", "a.example:443 ", "a.example:443?x", "a.example:443#x"}) {
    EXPECT_EQ(target_error("CONNECT", target), TargetError::BadAuthority) << target;
  }
}

// RFC 9112 section 3.2.4.
TEST(AsteriskForm, IsForOptionsAlone) {
  EXPECT_EQ(parsed("*", "OPTIONS").form, TargetForm::Asterisk);
  EXPECT_EQ(target_error("GET", "*"), TargetError::WrongForm);
  EXPECT_EQ(target_error("options", "*"), TargetError::WrongForm);  // RFC 9110 section 9.1: methods are case-sensitive
}

TEST(OriginForm, IsRecognisedForTheProxyItself) {
  const RequestTarget target = parsed("/status?x");
  EXPECT_EQ(target.form, TargetForm::Origin);
  EXPECT_EQ(target.path_and_query, "/status?x");
}

TEST(AbsoluteForm, KeepsItsAuthorityAsReceivedForTheHostField) {
  EXPECT_EQ(parsed("http://A.Example.:080/x").authority_text, "A.Example.:080");
  EXPECT_EQ(parsed("http://[2001:DB8::1]?x").authority_text, "[2001:DB8::1]");
  EXPECT_EQ(parsed("http://a.example:").authority_text, "a.example");
}

TEST(RequestTarget, IsReusedWithoutWhatWasInItBefore) {
  RequestTarget target;
  ASSERT_EQ(parse_request_target("GET", "http://192.0.2.1:81/x", target), TargetError::None);
  ASSERT_EQ(parse_request_target("GET", "http://a.example", target), TargetError::None);
  EXPECT_FALSE(target.authority.literal);
  EXPECT_EQ(target.authority.port, 80);
  EXPECT_EQ(target.path_and_query, "");
  ASSERT_EQ(parse_request_target("CONNECT", "b.example:443", target), TargetError::None);
  EXPECT_EQ(target.path_and_query, "");
  EXPECT_EQ(target.authority_text, "");
}

TEST(RequestTarget, IsRefusedWhenItIsEmpty) {
  EXPECT_EQ(target_error("GET", ""), TargetError::WrongForm);
  EXPECT_EQ(target_error("CONNECT", ""), TargetError::BadAuthority);
}

// RFC 9110 section 7.2.
TEST(HostField, IsAHostWithOrWithoutPort) {
  Authority authority;
  EXPECT_TRUE(parse_authority("a.example", 80, authority));
  EXPECT_EQ(authority.port, 80);
  EXPECT_TRUE(parse_authority("a.example:8080", 80, authority));
  EXPECT_EQ(authority.port, 8080);
  EXPECT_TRUE(parse_authority("[::1]", 80, authority));
  EXPECT_FALSE(parse_authority("", 80, authority));
  EXPECT_FALSE(parse_authority("a.example, b.example", 80, authority));
  EXPECT_FALSE(parse_authority("http://a.example", 80, authority));
  EXPECT_FALSE(parse_authority("a.example/", 80, authority));
}

TEST(Authority, IsWrittenAsAUriWritesIt) {
  Authority authority;
  ASSERT_TRUE(parse_authority("A.example:80", 80, authority));
  EXPECT_EQ(authority.to_string(80), "a.example");
  EXPECT_EQ(authority.to_string(443), "a.example:80");
  ASSERT_TRUE(parse_authority("[2001:db8::1]:81", 80, authority));
  EXPECT_EQ(authority.to_string(80), "[2001:db8::1]:81");
  EXPECT_EQ(authority.to_string(81), "[2001:db8::1]");
}

TEST(TargetError, IsDescribedInWords) {
  for (const TargetError error : {TargetError::None, TargetError::BadAuthority, TargetError::BadPath, TargetError::UnsupportedScheme,
                                  TargetError::HttpsNeedsConnect, TargetError::WrongForm}) {
    EXPECT_FALSE(describe(error).empty());
  }
}

}  // namespace
}  // namespace weir::http1
