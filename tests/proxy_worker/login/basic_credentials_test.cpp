#include "proxy_worker/login/basic_credentials.h"

#include <gtest/gtest.h>

namespace weir::login {
namespace {

// RFC 7617 section 2.
TEST(BasicCredentials, AreTheExampleOfTheStandard) {
  EXPECT_EQ(parse_basic_credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), (Credentials{"Aladdin", "open sesame"}));
  EXPECT_EQ(parse_basic_credentials("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ"), (Credentials{"Aladdin", "open sesame"})) << "without padding";
  EXPECT_EQ(parse_basic_credentials("BASIC   dGVzdDoxMjPCow=="), (Credentials{"test", "123\xc2\xa3"}));
}

TEST(BasicCredentials, EndTheUserAtTheFirstColon) {
  EXPECT_EQ(parse_basic_credentials("Basic YTpiOmM="), (Credentials{"a", "b:c"}));
  EXPECT_EQ(parse_basic_credentials("Basic YTo="), (Credentials{"a", ""}));
}

TEST(BasicCredentials, AreNothingWhenMalformed) {
  for (const char* value : {"", "Basic", "Basic ", "Bearer QTpi", "BasicQTpi", "Basic Q!pi", "Basic YWI=", "Basic OmI=", "Basic YTpi Yzpk",
                            "Basic YQo6Yg==", "Basic YTpiAA==", "Basic YTp/", "Basic =", "Basic A"}) {
    EXPECT_EQ(parse_basic_credentials(value), std::nullopt) << value;
  }
}

TEST(BasicCredentials, AreBounded) {
  std::string text = "Basic YTph";  // "a:a"
  while (text.size() < 6 + kCredentialsBytesMax / 3 * 4) {
    text += "YWFh";
  }
  EXPECT_TRUE(parse_basic_credentials(text));
  EXPECT_EQ(parse_basic_credentials(text + "YWFh"), std::nullopt);
}

}  // namespace
}  // namespace weir::login
