#include "proxy_worker/login/login_checker.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/proxy_worker/loop_runner.h"
#include "tests/support/temporary_folder.h"

namespace weir::login {
namespace {

class LoginCheckerTest : public testing::Test {
 protected:
  struct Asker : LoginChecker::Query {
    void on_checked(LoginResult result) override {
      results.push_back(result);
      if (then) {
        then();
      }
    }
    std::vector<LoginResult> results;
    std::function<void()> then;
  };

  // Everybody's password is "correct horse".
  PasswordFile users(const std::string& name) {
    std::ofstream(folder_.path() / "users") << name << ":$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e\n";
    std::string error;
    auto file = PasswordFile::read(folder_.path() / "users", error);
    EXPECT_TRUE(file) << error;
    return std::move(*file);
  }
  LoginResult wait_for(Asker& asker) {
    EXPECT_TRUE(runner_.until([&] { return !asker.results.empty(); }));
    return asker.results.empty() ? LoginResult::Pending : asker.results.back();
  }

  tests::TemporaryFolder folder_;
  net::EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  LoginChecker checker_{loop_, users("ann")};
};

TEST_F(LoginCheckerTest, ChecksOnceAndRemembers) {
  Asker right;
  ASSERT_EQ(checker_.check({"ann", "correct horse"}, right), LoginResult::Pending);
  EXPECT_EQ(wait_for(right), LoginResult::Accepted);
  EXPECT_EQ(checker_.check({"ann", "correct horse"}, right), LoginResult::Accepted);
  Asker wrong;
  ASSERT_EQ(checker_.check({"ann", "wrong"}, wrong), LoginResult::Pending);
  EXPECT_EQ(wait_for(wrong), LoginResult::Refused);
  EXPECT_EQ(checker_.check({"ann", "wrong"}, wrong), LoginResult::Refused);
  EXPECT_EQ(right.results.size(), 1u);
}

TEST_F(LoginCheckerTest, JoinsThoseWhoWaitForTheSame) {
  std::vector<std::unique_ptr<Asker>> askers;
  for (int i = 0; i < 20; ++i) {
    askers.push_back(std::make_unique<Asker>());
    ASSERT_EQ(checker_.check({"ann", "correct horse"}, *askers.back()), LoginResult::Pending);
  }
  askers.erase(askers.begin());  // gives up
  askers[3]->then = [&] { askers[7]->cancel(); askers[8]->cancel(); };
  EXPECT_EQ(wait_for(*askers[3]), LoginResult::Accepted);
  std::size_t answered = 0;
  for (const auto& asker : askers) {
    answered += asker->results.size();
  }
  EXPECT_GE(answered, 17u);
  EXPECT_LE(answered, 19u) << "two may have been told before they were cancelled";
}

TEST_F(LoginCheckerTest, MayBeAskedAgainFromInsideAnAnswer) {
  Asker second;
  Asker first;
  first.then = [&] {
    checker_.replace(users("bob"));
    EXPECT_EQ(checker_.check({"ann", "correct horse"}, second), LoginResult::Pending);
  };
  ASSERT_EQ(checker_.check({"ann", "correct horse"}, first), LoginResult::Pending);
  EXPECT_EQ(wait_for(first), LoginResult::Accepted);
  EXPECT_EQ(wait_for(second), LoginResult::Refused);
}

TEST_F(LoginCheckerTest, ForgetsWhenTheFileIsReplaced) {
  Asker asker;
  ASSERT_EQ(checker_.check({"ann", "correct horse"}, asker), LoginResult::Pending);
  ASSERT_EQ(wait_for(asker), LoginResult::Accepted);
  checker_.replace(users("bob"));
  Asker again;
  ASSERT_EQ(checker_.check({"ann", "correct horse"}, again), LoginResult::Pending);
  EXPECT_EQ(wait_for(again), LoginResult::Refused);
}

TEST_F(LoginCheckerTest, BoundsWhoMayWait) {
  std::vector<std::unique_ptr<Asker>> askers;
  auto result = LoginResult::Pending;
  while (result == LoginResult::Pending && askers.size() < 10'000) {
    askers.push_back(std::make_unique<Asker>());
    result = checker_.check({"ann", "guess " + std::to_string(askers.size())}, *askers.back());
  }
  EXPECT_EQ(result, LoginResult::Overloaded);
}

}  // namespace
}  // namespace weir::login
