#include "reporter/gnuplot.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/unique_fd.h"

namespace weir::reporter {
namespace {

using testing::HasSubstr;

// Puts a shell script in gnuplot's place.
class Gnuplot : public testing::Test {
 protected:
  Gnuplot() {
    std::string folder = (std::filesystem::temp_directory_path() / "weir gnuplot XXXXXX").string();
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    ::setenv("PATH", (folder + ":/bin:/usr/bin").c_str(), 1);
  }
  ~Gnuplot() override { std::filesystem::remove_all(folder_); }

  void install(const std::string& script) const {
    std::ofstream(folder_ / "gnuplot") << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(folder_ / "gnuplot", std::filesystem::perms::owner_all);
  }
  bool draw(std::string_view script, std::chrono::milliseconds patience) {
    const base::UniqueFd picture(::open((folder_ / "picture").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return draw_with_gnuplot(script, picture.value(), patience, error_);
  }

  std::filesystem::path folder_;
  std::string error_;
};

TEST_F(Gnuplot, GetsTheScriptAndDrawsIntoTheFile) {
  install("cat");
  EXPECT_TRUE(draw("plot x", std::chrono::seconds(20))) << error_;
  std::string line;
  std::getline(std::ifstream(folder_ / "picture"), line);
  EXPECT_EQ(line, "plot x");
}

TEST_F(Gnuplot, IsEndedWhenItTakesTooLong) {
  install("exec sleep 60");
  EXPECT_FALSE(draw("plot x", std::chrono::milliseconds(100)));
  EXPECT_THAT(error_, HasSubstr("did not finish in time"));
}

TEST_F(Gnuplot, IsQuotedWhenItFails) {
  install("printf '\\n         ^\\n\"-\" line 3: undefined variable\\n\\n' >&2; exit 1");
  EXPECT_FALSE(draw("plot x", std::chrono::seconds(20)));
  EXPECT_EQ(error_, "gnuplot failed: line 3: undefined variable");
}

TEST_F(Gnuplot, IsNamedWithItsPackageWhenMissing) {
  ::setenv("PATH", folder_.c_str(), 1);
  EXPECT_FALSE(draw("plot x", std::chrono::seconds(20)));
  EXPECT_THAT(error_, HasSubstr("apt install gnuplot-nox"));
}

}  // namespace
}  // namespace weir::reporter
