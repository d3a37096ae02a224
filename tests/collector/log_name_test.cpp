#include "collector/log_name.h"

#include <gtest/gtest.h>

namespace weir::collector {
namespace {

std::string name_of(std::string_view host, store::Outcome outcome = store::Outcome::Served, std::string_view reason = "",
                    store::Fault fault = store::Fault::Nobody) {
  TrafficRecord record;
  record.host = host;
  record.outcome = outcome;
  record.reason = reason;
  record.fault = fault;
  std::string name;
  name_log_file(record, name);
  return name;
}

TEST(LogName, IsTheHostsName) {
  EXPECT_EQ(name_of("www.example.com"), "Website Traffic/www.example.com.jsonl");
  EXPECT_EQ(name_of("192.0.2.1"), "Website Traffic/192.0.2.1.jsonl");
  EXPECT_EQ(name_of("2001:db8::1"), "Website Traffic/2001:db8::1.jsonl");
  EXPECT_EQ(name_of("_dmarc.example.com"), "Website Traffic/_dmarc.example.com.jsonl");
}

TEST(LogName, NeverLeavesTheFolderNorHides) {
  using namespace std::string_view_literals;
  for (const std::string_view host : {""sv, "."sv, ".."sv, "../../etc/passwd"sv, "a/b"sv, "/etc/passwd"sv, ".hidden"sv, "a\0b"sv, "-rf"sv,
                                      "a b"sv, "a\nb"sv, "caf\xC3\xA9"sv, "a\\b"sv, "%2e%2e"sv, "UPPER"sv, "_invalid"sv,
                                      "_unresolved"sv, "_other"sv, "~root"sv, "$(id)"sv, "*"sv}) {
    EXPECT_EQ(name_of(host), "Website Traffic/_invalid.jsonl") << host;
  }
}

TEST(LogName, FitsAFileSystemAndStaysDistinct) {
  const std::string longest(249, 'a');
  EXPECT_EQ(name_of(longest), "Website Traffic/" + longest + ".jsonl");
  const std::string one = name_of(std::string(250, 'a'));
  const std::string other = name_of(std::string(249, 'a') + "b");
  EXPECT_EQ(one.size() - std::string("Website Traffic/").size(), kFileNameBytesMax);
  EXPECT_EQ(other.size(), one.size());
  EXPECT_NE(one, other);
}

TEST(LogName, OfAHostThatLedNowhereIsCommon) {
  using store::Fault;
  using store::Outcome;
  EXPECT_EQ(name_of("x.invalid", Outcome::Failed, "dns_failure", Fault::Origin), "Website Traffic/_unresolved.jsonl");
  EXPECT_EQ(name_of("x.invalid", Outcome::Failed, "dns_timeout", Fault::Proxy), "Website Traffic/_unresolved.jsonl");
  EXPECT_EQ(name_of("x.invalid", Outcome::CutOff, "client_closed", Fault::Client), "Website Traffic/_unresolved.jsonl");
  EXPECT_EQ(name_of("example.com", Outcome::Failed, "connect_failure", Fault::Origin), "Website Traffic/example.com.jsonl");
}

TEST(LogName, OfARefusalIsTheBlockedLog) {
  using store::Fault;
  using store::Outcome;
  EXPECT_EQ(name_of("example.com", Outcome::Refused, "blocked_domain", Fault::Policy), "Blocked Logs/blocked.jsonl");
  EXPECT_EQ(name_of("example.com", Outcome::RateLimited, "rate_limit", Fault::Policy), "Blocked Logs/rate_limited.jsonl");
  EXPECT_EQ(name_of("", Outcome::Refused, "malformed_request", Fault::Client), "Website Traffic/_invalid.jsonl");
}

}  // namespace
}  // namespace weir::collector
