#include "proxy_worker/login/password_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace weir::login {
namespace {

using testing::HasSubstr;

// Of "correct horse", with as little work as each method allows.
const std::string kBcrypt = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const std::string kSha512 = "$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6kbx7UOloZKONqEk5H3JrQA4NOfU8BmqFPrpGqwA1";
const std::string kYescrypt = "$y$j75$saltsaltsalt$zQziiNee/3jd.PJJvsNgy7GH5uO3HbsUNcQ3Jsopj2B";
const std::string kScrypt = "$7$6/..../....saltsalt$Wx/R2QPzWEMK89uZ2vmENv1.zPiwJ.i1v0hzIFHlGQA";
const std::string kMd5 = "$1$saltsalt$NuzA7WTAelpl95xgBGWN60";

class PasswordFileTest : public testing::Test {
 protected:
  std::optional<PasswordFile> read(const std::string& text) {
    std::ofstream(path_) << text;
    return PasswordFile::read(path_, error_);
  }
  std::string refusal(const std::string& text) {
    EXPECT_FALSE(read(text)) << text;
    return error_;
  }

  tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "users";
  std::string error_;
};

TEST_F(PasswordFileTest, KnowsItsUsersByEveryStrongHash) {
  const auto users = read("# staff\n\nb:" + kBcrypt + "\nc:" + kSha512 + ":1000:comment\r\ne:" + kYescrypt + "\nf:" + kScrypt);
  ASSERT_TRUE(users) << error_;
  EXPECT_EQ(users->size(), 4u);
  for (const char* user : {"b", "c", "e", "f"}) {
    EXPECT_TRUE(users->accepts({user, "correct horse"})) << user;
    EXPECT_FALSE(users->accepts({user, "correct horse "})) << user;
    EXPECT_FALSE(users->accepts({user, ""})) << user;
  }
  EXPECT_FALSE(users->accepts({"nobody", "correct horse"}));
  EXPECT_FALSE(users->accepts({"", "correct horse"}));
}

TEST_F(PasswordFileTest, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(refusal("a:" + kBcrypt + "\nb:" + kMd5 + "\n"), AllOf(HasSubstr("users:2: "), HasSubstr("hash of b")));
  EXPECT_THAT(refusal("a:plain\n"), HasSubstr("users:1: "));
  EXPECT_THAT(refusal("a:\n"), HasSubstr("users:1: "));
  EXPECT_THAT(refusal("a\n"), AllOf(HasSubstr("users:1: "), HasSubstr("USER:HASH")));
  EXPECT_THAT(refusal(":" + kBcrypt + "\n"), HasSubstr("users:1: "));
  EXPECT_THAT(refusal("a:" + kBcrypt + "\n#\na:" + kBcrypt + "\n"), AllOf(HasSubstr("users:3: "), HasSubstr("twice")));
  EXPECT_THAT(refusal("# nobody\n"), HasSubstr("no user"));
  path_ = folder_.path() / "missing" / "users";
  EXPECT_THAT(refusal(""), AllOf(HasSubstr("missing"), HasSubstr("cannot read")));
  path_ = folder_.path();
  EXPECT_THAT(refusal(""), HasSubstr("cannot read"));
}

}  // namespace
}  // namespace weir::login
