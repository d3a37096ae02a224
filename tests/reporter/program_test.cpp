// The real program: what it prints and writes, and how it ends.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "common/base/unique_fd.h"
#include "tests/reporter/program_run.h"
#include "tests/reporter/traffic_database.h"

namespace weir::reporter {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Reporter : public testing::Test {
 protected:
  ProgramRun run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--data-dir", database_.data_dir().string()});
    return run_reporter(arguments);
  }
  std::string file(const std::string& name) const { return (database_.data_dir() / name).string(); }
  void load_fixture() {
    database_.load(fixture("traffic_export.csv"));
    database_.add({.id = 1'772'355'600'000'000, .host = "refused.example", .outcome = store::Outcome::Refused});
  }
  std::vector<std::string> files_in(const std::filesystem::path& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  TrafficDatabase database_;
};

TEST_F(Reporter, PrintsTheOriginalsTextByDefault) {
  load_fixture();
  for (const auto& arguments : {std::vector<std::string>{}, {"--summary"}}) {
    const ProgramRun result = run(arguments);
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.out, content_of(fixture("summary_report.txt")) + "\n");
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(Reporter, PrintsTheOriginalsJson) {
  load_fixture();
  const ProgramRun result = run({"--json"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, content_of(fixture("summary.json")) + "\n");
}

TEST_F(Reporter, WritesTheOriginalsCsv) {
  load_fixture();
  const ProgramRun result = run({"--csv", file("export.csv")});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out + result.err, "");
  EXPECT_EQ(content_of(file("export.csv")), content_of(fixture("traffic_export.csv")));
  EXPECT_EQ(run({"--csv", "-"}).out, content_of(fixture("traffic_export.csv")));
}

TEST_F(Reporter, WritesTheSummaryFiles) {
  load_fixture();
  const ProgramRun result = run({"--write-summary"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(content_of(file("Summary Logs/summary_report.txt")), content_of(fixture("summary_report.txt")));
  EXPECT_EQ(content_of(file("Summary Logs/summary.json")), content_of(fixture("summary.json")));
  EXPECT_THAT(content_of(file("Summary Logs/top_domains.png")), StartsWith("\x89PNG"));
  EXPECT_EQ(files_in(file("Summary Logs")).size(), 3u);
}

TEST_F(Reporter, WritesTheOtherSummaryFilesWithoutGnuplot) {
  load_fixture();
  ::setenv("PATH", database_.data_dir().c_str(), 1);
  const ProgramRun result = run({"--write-summary"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("apt install gnuplot-nox"));
  EXPECT_EQ(files_in(file("Summary Logs")).size(), 2u);
}

TEST_F(Reporter, SaysWhatGnuplotComplainedOf) {
  load_fixture();
  std::filesystem::create_directory(file("bin"));
  std::ofstream(file("bin/gnuplot")) << "#!/bin/sh\necho broken >&2\nexit 3\n";
  std::filesystem::permissions(file("bin/gnuplot"), std::filesystem::perms::owner_all);
  ::setenv("PATH", (file("bin") + ":/bin:/usr/bin").c_str(), 1);
  const ProgramRun result = run({"--chart", file("chart.png")});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("gnuplot failed: broken"));
  EXPECT_FALSE(std::filesystem::exists(file("chart.png")));
}

TEST_F(Reporter, DrawsSvgAndPng) {
  database_.add({.host = "a'b`\"<&.example"});
  EXPECT_EQ(run({"--chart", file("chart.svg"), "--chart", file("chart.svg")}).exit_status, 2);  // once only
  EXPECT_EQ(run({"--chart", file("chart.svg")}).exit_status, 0);
  EXPECT_THAT(content_of(file("chart.svg")), HasSubstr("a'b`"));
  EXPECT_THAT(content_of(file("chart.svg")), HasSubstr("&lt;&amp;.example"));
  EXPECT_EQ(run({"--chart", file("chart.png")}).exit_status, 0);
  EXPECT_THAT(content_of(file("chart.png")), StartsWith("\x89PNG"));
}

TEST_F(Reporter, ReportsZerosOfAnEmptyDatabase) {
  database_.create_tables();
  const ProgramRun result = run({"--chart", file("chart.png"), "--summary"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("Total requests handled: 0\n"));
  EXPECT_THAT(content_of(file("chart.png")), StartsWith("\x89PNG"));
  EXPECT_EQ(run({"--json"}).out, "{}\n");
  EXPECT_EQ(run({"--csv", "-"}).out, "id,timestamp,source_ip,dest_host,dest_port,method,protocol,bytes_sent,bytes_received,duration,ttfb\n");
}

TEST_F(Reporter, FailsInOneLineWithoutAUsableDatabase) {
  ProgramRun result = run({});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, StartsWith("reporter: there is no database at " + database_.path().string()));
  std::filesystem::create_directories(database_.path().parent_path());
  std::ofstream(database_.path()) << std::string(9000, 'x');
  result = run({});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
  EXPECT_EQ(result.out, "");
}

TEST_F(Reporter, SelectsByTimeAndDomain) {
  constexpr std::int64_t kNine = 1'772'355'600'000'000;  // 2026-03-01 09:00:00 UTC
  database_.add({.id = kNine - 1, .host = "a.example"});
  database_.add({.id = kNine, .host = "b.example"});
  database_.add({.id = kNine + 60'000'000, .host = "c.example"});
  const std::string total = "Total requests handled: ";
  EXPECT_THAT(run({"--since", "2026-03-01 09:00"}).out, StartsWith(total + "2\n"));
  EXPECT_THAT(run({"--until", "2026-03-01T09:00:00Z"}).out, StartsWith(total + "1\n"));
  EXPECT_THAT(run({"--since", "2026-03-01 09:00", "--until", "2026-03-01 09:01"}).out, StartsWith(total + "1\n"));
  EXPECT_THAT(run({"--until", "9999-12-31"}).out, StartsWith(total + "3\n"));
  EXPECT_THAT(run({"--domain", "[AB].*"}).out, StartsWith(total + "2\n"));
  EXPECT_THAT(run({"--domain", "none.example"}).out, StartsWith(total + "0\n"));
  EXPECT_THAT(run({"--csv", "-", "--domain", "c.*"}).out, HasSubstr("\n1772355660000000,2026-03-01T09:01:00.000000,"));
  EXPECT_THAT(run({"--top", "1"}).out, HasSubstr("Top 1 domains by request count:\n1. a.example"));
}

TEST_F(Reporter, RefusesOptionsThatContradictEachOther) {
  for (const auto& [arguments, word] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--csv", "-", "--summary"}, "standard output"},
           {{"--json", "--summary"}, "standard output"},
           {{"--since", "2026-03-02", "--until", "2026-03-01"}, "later than"},
           {{"--since", "yesterday-ish"}, "TIME"},
           {{"--since", "2026-02-31"}, "TIME"},
           {{"--top", "0"}, "top"},
           {{"--chart", "chart.pdf"}, "FILE.png|FILE.svg"},
           {{"--nonsense"}, "nonsense"}}) {
    const ProgramRun result = run(arguments);
    EXPECT_EQ(result.exit_status, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(word));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST_F(Reporter, SaysWhyAFileCannotBeWritten) {
  load_fixture();
  EXPECT_THAT(run({"--csv", file("none/export.csv")}).err, HasSubstr("No such file or directory"));
  EXPECT_THAT(run({"--csv", database_.data_dir().string()}).err, HasSubstr("Is a directory"));
  const ProgramRun full = run({"--csv", "/dev/full"});
  EXPECT_EQ(full.exit_status, 1);
  EXPECT_THAT(full.err, HasSubstr("No space left on device"));
}

TEST_F(Reporter, WritesThroughASymbolicLinkAndIntoAPipe) {
  load_fixture();
  std::ofstream(file("target.csv")) << "old";
  std::filesystem::create_symlink("target.csv", file("link.csv"));
  EXPECT_EQ(run({"--csv", file("link.csv")}).exit_status, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(file("link.csv")));
  EXPECT_EQ(content_of(file("target.csv")), content_of(fixture("traffic_export.csv")));
  // Not /dev/stdout: a mistake here must not damage the machine that runs the test, and nothing can be renamed in /proc.
  EXPECT_EQ(run({"--csv", "/proc/self/fd/1"}).out, content_of(fixture("traffic_export.csv")));
}

TEST_F(Reporter, NeverReplacesASymbolicLink) {
  load_fixture();
  std::filesystem::create_symlink("nowhere/at/all", file("dangling.csv"));
  std::filesystem::create_symlink("/proc/self/fd/1", file("stdout"));  // as /dev/stdout is
  EXPECT_EQ(run({"--csv", file("dangling.csv")}).exit_status, 1);
  EXPECT_EQ(run({"--csv", file("stdout")}).out, content_of(fixture("traffic_export.csv")));
  EXPECT_TRUE(std::filesystem::is_symlink(file("dangling.csv")));
  EXPECT_TRUE(std::filesystem::is_symlink(file("stdout")));
}

TEST_F(Reporter, EndsQuietlyWhenItsReaderLeaves) {
  load_fixture();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  base::UniqueFd writer(ends[1]);
  ::close(ends[0]);
  const base::UniqueFd err(::open(file("err").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const pid_t pid = start_reporter({"--data-dir", database_.data_dir().string(), "--csv", "-"}, writer.value(), err.value());
  EXPECT_EQ(wait_for_exit(pid), 0);
  EXPECT_EQ(content_of(file("err")), "");
}

TEST_F(Reporter, LeavesNothingBehindWhenInterrupted) {
  load_fixture();
  std::filesystem::create_directory(file("bin"));
  std::ofstream(file("bin/gnuplot")) << "#!/bin/sh\necho started > \"$0.started\"\nexec sleep 60\n";
  std::filesystem::permissions(file("bin/gnuplot"), std::filesystem::perms::owner_all);
  ::setenv("PATH", (file("bin") + ":/bin:/usr/bin").c_str(), 1);
  std::filesystem::create_directory(file("charts"));
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const pid_t pid = start_reporter({"--data-dir", database_.data_dir().string(), "--chart", file("charts/chart.png")}, null.value(), null.value());
  for (int tries = 0; tries < 1000 && !std::filesystem::exists(file("bin/gnuplot.started")); ++tries) {
    ::usleep(10'000);
  }
  EXPECT_EQ(files_in(file("charts")).size(), 1u);
  ::kill(pid, SIGINT);
  EXPECT_EQ(wait_for_exit(pid), 128 + SIGINT);
  EXPECT_TRUE(files_in(file("charts")).empty());
}

}  // namespace
}  // namespace weir::reporter
