#include "proxy_worker/http1/field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::http1 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Field field(std::string_view name, std::string_view value = {}) { return {name, value, field_id(name)}; }

std::vector<std::string_view> elements_of(std::string_view list) {
  std::vector<std::string_view> elements;
  for_each_list_element(list, [&](std::string_view element) {
    elements.push_back(element);
    return true;
  });
  return elements;
}

// RFC 9110 section 5.1: names are case-insensitive.
TEST(FieldId, IsFoundInAnyCase) {
  const std::pair<std::string_view, FieldId> known[] = {
      {"Accept", FieldId::Accept},
      {"AUTHORIZATION", FieldId::Authorization},
      {"connection", FieldId::Connection},
      {"Content-LENGTH", FieldId::ContentLength},
      {"content-Type", FieldId::ContentType},
      {"Cookie", FieldId::Cookie},
      {"Expect", FieldId::Expect},
      {"hOST", FieldId::Host},
      {"Keep-Alive", FieldId::KeepAlive},
      {"Max-Forwards", FieldId::MaxForwards},
      {"Proxy-Authenticate", FieldId::ProxyAuthenticate},
      {"Proxy-Authorization", FieldId::ProxyAuthorization},
      {"Proxy-Connection", FieldId::ProxyConnection},
      {"Set-Cookie", FieldId::SetCookie},
      {"TE", FieldId::Te},
      {"Trailer", FieldId::Trailer},
      {"Transfer-Encoding", FieldId::TransferEncoding},
      {"Upgrade", FieldId::Upgrade},
      {"User-Agent", FieldId::UserAgent},
      {"Via", FieldId::Via},
  };
  for (const auto& [name, id] : known) {
    EXPECT_EQ(field_id(name), id) << name;
  }
}

TEST(FieldId, IsOtherForEveryOtherName) {
  for (const char* name : {"", "H", "Hos", "Hosts", "Content_Length", "Transfer-Encodin", "Transfer-Encoding2", "Proxy-Authorizatio",
                           "X-Proxy-Authorization-And-More", "Content\rLength"}) {
    EXPECT_EQ(field_id(name), FieldId::Other) << name;
  }
}

// RFC 9110 section 5.6.1: empty elements are tolerated.
TEST(ListElements, AreSplitTrimmedAndNeverEmpty) {
  EXPECT_THAT(elements_of("a"), ElementsAre("a"));
  EXPECT_THAT(elements_of(" a ,\tb b\t, c"), ElementsAre("a", "b b", "c"));
  EXPECT_THAT(elements_of(",, a,,b,"), ElementsAre("a", "b"));
  EXPECT_THAT(elements_of(""), IsEmpty());
  EXPECT_THAT(elements_of(" , \t,"), IsEmpty());
}

TEST(ListElements, StopWhenTheVisitorHasEnough) {
  int visits = 0;
  for_each_list_element("a,b,c", [&](std::string_view) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

TEST(Fields, AreFoundAndCountedByTheirId) {
  const std::vector<Field> fields{field("A"), field("Host", "one"), field("host", "two")};
  EXPECT_EQ(find_field(fields, FieldId::Host)->value, "one");
  EXPECT_EQ(count_fields(fields, FieldId::Host), 2u);
  EXPECT_EQ(find_field(fields, FieldId::Via), nullptr);
  EXPECT_EQ(count_fields(fields, FieldId::Via), 0u);
}

TEST(Fields, ListATokenInAnyCaseInAnyOfTheLines) {
  const std::vector<Field> fields{field("Connection", "keep-alive"), field("connection", "x, CLOSE")};
  EXPECT_TRUE(lists_token(fields, FieldId::Connection, "close"));
  EXPECT_TRUE(lists_token(fields, FieldId::Connection, "Keep-Alive"));
  EXPECT_FALSE(lists_token(fields, FieldId::Connection, "keep"));
  EXPECT_FALSE(lists_token(fields, FieldId::Connection, "close2"));
  EXPECT_FALSE(lists_token(fields, FieldId::ProxyConnection, "close"));
}

// RFC 9110 section 7.6.1.
TEST(HopByHop, AreTheConnectionFieldsThemselves) {
  for (const char* name : {"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
                           "Transfer-Encoding", "Upgrade"}) {
    EXPECT_TRUE(is_hop_by_hop({}, field(name))) << name;
  }
  for (const char* name : {"Host", "Content-Length", "Cookie", "Via", "Expect", "Max-Forwards", "X-Other"}) {
    EXPECT_FALSE(is_hop_by_hop({}, field(name))) << name;
  }
}

TEST(HopByHop, IsWhatConnectionNames) {
  const std::vector<Field> fields{field("Connection", "close, X-Private"), field("Connection", "cookie")};
  EXPECT_TRUE(is_hop_by_hop(fields, field("x-private")));
  EXPECT_TRUE(is_hop_by_hop(fields, field("Cookie")));
  EXPECT_FALSE(is_hop_by_hop(fields, field("X-Private-2")));
}

TEST(HopByHop, IsNeverWhatAMessageCannotDoWithout) {
  const std::vector<Field> fields{field("Connection", "Host, Content-Length")};
  EXPECT_FALSE(is_hop_by_hop(fields, field("Host")));
  EXPECT_FALSE(is_hop_by_hop(fields, field("Content-Length")));
}

TEST(Credentials, AreCarriedByTheseFieldsOnly) {
  for (const FieldId id : {FieldId::Authorization, FieldId::ProxyAuthorization, FieldId::Cookie, FieldId::SetCookie}) {
    EXPECT_TRUE(carries_credentials(id));
  }
  for (const FieldId id : {FieldId::Other, FieldId::Accept, FieldId::Host, FieldId::UserAgent, FieldId::ProxyAuthenticate}) {
    EXPECT_FALSE(carries_credentials(id));
  }
}

}  // namespace
}  // namespace weir::http1
