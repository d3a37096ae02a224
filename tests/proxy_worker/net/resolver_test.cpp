#include "proxy_worker/net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy_worker/loop_runner.h"

namespace weir::net {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;

// Only names that c-ares answers without asking anybody: "localhost" (RFC 6761 section 6.3) and ".onion" (RFC 7686).
class ResolverTest : public testing::Test {
 protected:
  struct Asker : Resolver::Query {
    void on_resolved(const Resolution& given) override {
      ++answers;
      resolution = given;
    }
    int answers = 0;
    Resolution resolution;
  };

  // The answer, whether it is given at once or later.
  Resolution resolve(const std::string& name) {
    Asker asker;
    if (const Resolution* known = resolver_.resolve(name, asker)) {
      EXPECT_FALSE(asker.is_waiting());
      return *known;
    }
    EXPECT_TRUE(asker.is_waiting());
    EXPECT_TRUE(runner_.until([&] { return asker.answers > 0; }));
    EXPECT_FALSE(asker.is_waiting());
    return asker.resolution;
  }

  EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  Resolver resolver_{loop_, 2s};
};

TEST_F(ResolverTest, FindsTheAddressesOfAName) {
  const Resolution resolution = resolve("localhost");
  EXPECT_EQ(resolution.status, ResolveStatus::Found);
  EXPECT_THAT(resolution.addresses, Contains(*base::IpAddress::parse("127.0.0.1")));
  EXPECT_THAT(resolution.addresses, Each(testing::Truly([](const base::IpAddress& address) {
                return base::any_contains(base::loopback_networks(), address);
              })));
}

TEST_F(ResolverTest, SaysThatANameDoesNotExist) {
  EXPECT_EQ(resolve("name.onion").status, ResolveStatus::NoSuchName);
}

TEST_F(ResolverTest, MayBeAskedForManyNames) {
  for (int i = 0; i < 25'000; ++i) {
    ASSERT_EQ(resolve("name-" + std::to_string(i) + ".onion").status, ResolveStatus::NoSuchName);
  }
  EXPECT_EQ(resolve("localhost").status, ResolveStatus::Found);
}

TEST_F(ResolverTest, MayBeAskedAgainByAQueryThatWasGivenUp) {
  Asker asker;
  (void)resolver_.resolve("localhost", asker);
  asker.cancel();
  EXPECT_FALSE(asker.is_waiting());
  asker.cancel();
  EXPECT_EQ(resolve("localhost").status, ResolveStatus::Found);
  EXPECT_EQ(asker.answers, 0);
}

}  // namespace
}  // namespace weir::net
