#include "common/options/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace weir::options {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class CommandLineTest : public testing::Test {
 protected:
  // The exit status, or -1 when the program is to go on.
  int read(std::vector<std::string> arguments, Program program = kWorker) {
    std::vector<const char*> argv{"/somewhere/program"};
    for (const std::string& argument : arguments) {
      argv.push_back(argument.c_str());
    }
    settings_ = Settings{};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto status = read_options(program, static_cast<int>(argv.size()), argv.data(), settings_);
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    return status.value_or(-1);
  }
  int read_with_file(std::string_view text, std::vector<std::string> arguments = {}, Program program = kWorker) {
    std::ofstream(path_) << text;
    arguments.insert(arguments.begin(), {"--config", path_.string()});
    return read(std::move(arguments), program);
  }
  void expect_refused(std::vector<std::string> arguments, const std::string& line, Program program = kWorker) {
    EXPECT_EQ(read(std::move(arguments), program), 2);
    EXPECT_EQ(error_, line + "\n");
    EXPECT_EQ(out_, "");
  }
  void expect_file_refused(std::string_view text, const std::string& tail, Program program = kWorker) {
    EXPECT_EQ(read_with_file(text, {}, program), 2) << text;
    EXPECT_EQ(error_, "proxy_worker: " + path_.string() + tail + "\n");
  }
  std::vector<std::string> listening() const {
    std::vector<std::string> texts;
    for (const auto& socket : settings_.listen) {
      texts.push_back(socket.to_string());
    }
    return texts;
  }

  tests::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "weir.toml";
  Settings settings_;
  std::string out_;
  std::string error_;
};

TEST_F(CommandLineTest, HasDefaults) {
  EXPECT_EQ(read({}), -1);
  EXPECT_EQ(out_ + error_, "");
  EXPECT_EQ(settings_.data_dir, "Logs");
  EXPECT_THAT(listening(), ElementsAre("127.0.0.1:8080"));
  EXPECT_EQ(settings_.rate_limit->requests, 100u);
  EXPECT_EQ(settings_.rate_limit->window, milliseconds(10'000));
  EXPECT_THAT(settings_.connect_ports.ports, ElementsAre(443));
  EXPECT_TRUE(settings_.records);
  EXPECT_TRUE(settings_.json_logs);
}

TEST_F(CommandLineTest, ReadsEveryFormOfValue) {
  EXPECT_EQ(read({"--data-dir", "a folder", "--rate-limit=5/250ms", "--connect-ports", "443,8443", "--records=off", "--log-level", "debug",
                  "--drain-timeout", "0", "--head-timeout", "1m"}),
            -1)
      << error_;
  EXPECT_EQ(settings_.data_dir, "a folder");
  EXPECT_EQ(settings_.rate_limit->requests, 5u);
  EXPECT_EQ(settings_.rate_limit->window, milliseconds(250));
  EXPECT_THAT(settings_.connect_ports.ports, ElementsAre(443, 8443));
  EXPECT_FALSE(settings_.connect_ports.any);
  EXPECT_FALSE(settings_.records);
  EXPECT_EQ(settings_.log_level, base::LogLevel::Debug);
  EXPECT_EQ(settings_.drain_timeout, milliseconds(0));
  EXPECT_EQ(settings_.timeouts.head, milliseconds(60'000));
  EXPECT_EQ(read({"--rate-limit", "off", "--connect-ports", "any"}), -1) << error_;
  EXPECT_FALSE(settings_.rate_limit);
  EXPECT_TRUE(settings_.connect_ports.any);
}

TEST_F(CommandLineTest, ReadsWhereTheCollectorIsAndWhatRecordsSurvive) {
  EXPECT_EQ(read({}), -1);
  EXPECT_EQ(settings_.durability, Durability::Process);
  EXPECT_EQ(settings_.collector_endpoint, "");
  EXPECT_EQ(read({"--durability", "power", "--collector-endpoint", "tcp://[::1]:7788", "--collector-keys", "my keys"}), -1) << error_;
  EXPECT_EQ(settings_.durability, Durability::Power);
  EXPECT_EQ(settings_.collector_endpoint, "tcp://[::1]:7788");
  EXPECT_EQ(settings_.collector_keys, "my keys");
  for (const char* endpoint : {"ipc:///run/weir.sock", "ipc://@weir", "tcp://*:1", "tcp://collector.example:65535"}) {
    EXPECT_EQ(read({"--collector-endpoint", endpoint}, kCollector), -1) << error_;
  }
  for (const char* endpoint : {"", "ipc://", "tcp://", "tcp://:7788", "tcp://host", "tcp://host:0", "tcp://host:65536", "tcp://host:x", "udp://host:1", "host:1"}) {
    expect_refused({"--collector-endpoint", endpoint},
                   "proxy_worker: --collector-endpoint: \"" + std::string(endpoint) + "\" is not ipc://PATH|tcp://ADDRESS:PORT");
  }
  expect_refused({"--durability", "disk"}, "proxy_worker: --durability: \"disk\" is not process|power, such as process");
}

TEST_F(CommandLineTest, TakesRepeatedOptionsInOrderAndForgetsTheirDefault) {
  EXPECT_EQ(read({"--listen", "[::1]:1", "--listen", ":2", "--block", "a", "--block", "b"}), -1) << error_;
  EXPECT_THAT(listening(), ElementsAre("[::1]:1", "[::]:2"));
  EXPECT_THAT(settings_.rules.block.patterns, ElementsAre("a", "b"));
}

TEST_F(CommandLineTest, TakesPatternsAsTheyAre) {
  EXPECT_EQ(read({"--block", "[::1]", "--block", "[ab][cd]", "--block", "[a,b]", "--block", "*.youtube.com", "--block", "||a^"}), -1) << error_;
  EXPECT_THAT(settings_.rules.block.patterns, ElementsAre("[::1]", "[ab][cd]", "[a,b]", "*.youtube.com", "||a^"));
  EXPECT_EQ(read({"--block=[::1]", "--data-dir", "[x]"}), -1) << error_;
  EXPECT_THAT(settings_.rules.block.patterns, ElementsAre("[::1]"));
  EXPECT_EQ(settings_.data_dir, "[x]");
}

TEST_F(CommandLineTest, KnowsTheNamedNetworks) {
  EXPECT_EQ(read({"--allow-destination", "loopback", "--allow-destination", "10.0.0.0/8", "--deny-destination", "private", "--allow-client", "any"}), -1)
      << error_;
  EXPECT_TRUE(base::any_contains(settings_.destinations.allow, *base::IpAddress::parse("127.0.0.1")));
  EXPECT_TRUE(base::any_contains(settings_.destinations.allow, *base::IpAddress::parse("10.1.1.1")));
  EXPECT_FALSE(base::any_contains(settings_.destinations.allow, *base::IpAddress::parse("11.1.1.1")));
  EXPECT_TRUE(base::any_contains(settings_.destinations.deny, *base::IpAddress::parse("192.168.0.1")));
  EXPECT_TRUE(base::any_contains(settings_.allow_clients, *base::IpAddress::parse("8.8.8.8")));
}

TEST_F(CommandLineTest, LetsTheCommandLineWinOverTheFile) {
  EXPECT_EQ(read_with_file("data-dir = \"from file\"\nrate-limit = \"7/1s\"\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n"), -1) << error_;
  EXPECT_EQ(settings_.data_dir, "from file");
  EXPECT_EQ(settings_.rate_limit->requests, 7u);
  EXPECT_THAT(listening(), ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_EQ(read_with_file("data-dir = \"from file\"\nrate-limit = \"7/1s\"\nlisten = \"127.0.0.1:1\"\n",
                           {"--data-dir", "from line", "--listen", "127.0.0.1:3"}),
            -1)
      << error_;
  EXPECT_EQ(settings_.data_dir, "from line");
  EXPECT_EQ(settings_.rate_limit->requests, 7u);
  EXPECT_THAT(listening(), ElementsAre("127.0.0.1:3"));
}

TEST_F(CommandLineTest, IgnoresOtherProgramsOptionsInTheFile) {
  EXPECT_EQ(read_with_file("top = 9\nworkers = \"not judged here\"\nrecords = \"off\"\n"), -1) << error_;
  EXPECT_FALSE(settings_.records);
  EXPECT_EQ(read_with_file("top = 9\nworkers = \"not judged here\"\nsummary = true\n", {}, kReporter), -1) << error_;
  EXPECT_EQ(settings_.report.top, 9u);
  EXPECT_TRUE(settings_.report.summary);
}

TEST_F(CommandLineTest, SaysWhatIsWrongWithAValue) {
  expect_refused({"--rate-limit", "abc"}, "proxy_worker: --rate-limit: \"abc\" is not REQUESTS/WINDOW|off, such as 100/10s");
  expect_refused({"--listen", "localhost"}, "proxy_worker: --listen: \"localhost\" is not ADDRESS:PORT, such as 127.0.0.1:8080");
  expect_refused({"--allow-client", "10.0.0.0/33"}, "proxy_worker: --allow-client: \"10.0.0.0/33\" is not CIDR|loopback|private|any");
  expect_refused({"--block", ""}, "proxy_worker: --block: \"\" is not PATTERN");
  expect_refused({"--head-timeout", "0"}, "proxy_worker: --head-timeout: \"0\" is not DURATION, such as 30s");
  expect_refused({"--chart", "a.jpg"}, "reporter: --chart: \"a.jpg\" is not FILE.png|FILE.svg", kReporter);
  expect_refused({"--top", "0"}, "reporter: --top: \"0\" is not N, such as 5", kReporter);
}

TEST_F(CommandLineTest, RefusesValuesOutsideTheirRange) {
  for (const char* limit : {"0/10s", "100", "100/", "/10s", "100/0", "100001/10s", "100/25h", "-1/10s", "100/10", "1/1s/1s", "OFF", ""}) {
    EXPECT_EQ(read({"--rate-limit", limit}), 2) << limit;
  }
  for (const char* limit : {"1/1ms", "100000/24h"}) {
    EXPECT_EQ(read({"--rate-limit", limit}), -1) << limit << error_;
  }
  for (const char* ports : {"0", "65536", "443,", ",443", "443,,1", "ANY", "443 8443"}) {
    EXPECT_EQ(read({"--connect-ports", ports}), 2) << ports;
  }
  for (const char* ports : {"1", "65535", "443,8443,1"}) {
    EXPECT_EQ(read({"--connect-ports", ports}), -1) << ports << error_;
  }
}

TEST_F(CommandLineTest, RefusesWhatItDoesNotKnow) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--no-such-option"}, {"stray"}, {"--block", "a", "stray"}, {"--data-dir"}, {"--data-dir", "a", "--data-dir", "b"}, {"--summary"}}) {
    EXPECT_EQ(read(arguments), 2) << testing::PrintToString(arguments);
    EXPECT_THAT(error_, StartsWith("proxy_worker: "));
    EXPECT_THAT(error_, HasSubstr("(see --help)\n"));
    EXPECT_EQ(std::count(error_.begin(), error_.end(), '\n'), 1) << error_;
  }
}

TEST_F(CommandLineTest, NamesFileAndLineOfABadOption) {
  expect_file_refused("# limits\n\nrate-limit = \"abc\"\n", ":3: rate-limit: \"abc\" is not REQUESTS/WINDOW|off, such as 100/10s");
  expect_file_refused("records = \"off\"\nrate-limt = \"1/1s\"\n", ":2: rate-limt: there is no such option (see --help)");
  expect_file_refused("worker-id = 1\n", ":1: worker-id: there is no such option (see --help)");
  expect_file_refused("config = \"other.toml\"\n", ":1: config: there is no such option (see --help)");
  expect_file_refused("rate-limit = [\"1/1s\"]\n", ":1: rate-limit: takes one value, not a list");
  expect_file_refused("block = [\"a\", \"\"]\n", ":1: block: \"\" is not PATTERN");
  expect_file_refused("listen = 1.5\n", ":1: listen: expected text, a whole number, true, false or a list of those");
  expect_refused({"--config", "/no/such/file"}, "proxy_worker: /no/such/file: cannot read: No such file or directory");
}

TEST_F(CommandLineTest, RefusesAFlagThatIsNeitherTrueNorFalse) {
  EXPECT_EQ(read_with_file("summary = \"yes\"\n", {}, kReporter), 2);
  EXPECT_EQ(error_, "reporter: " + path_.string() + ":1: summary: \"yes\" is not true or false\n");
  EXPECT_EQ(read_with_file("summary = false\n", {}, kReporter), -1) << error_;
  EXPECT_FALSE(settings_.report.summary);
}

TEST_F(CommandLineTest, PrintsHelpVersionAndDescription) {
  EXPECT_EQ(read({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("--rate-limit REQUESTS/WINDOW|off"));
  EXPECT_THAT(out_, testing::Not(HasSubstr("--worker-id")));
  EXPECT_EQ(read({"--version"}), 0);
  EXPECT_EQ(out_, "proxy_worker " WEIR_VERSION "\n");
  EXPECT_EQ(read({"--describe-options"}, kReporter), 0);
  const std::string description = out_;
  EXPECT_THAT(description, HasSubstr("\"name\": \"rate-limit\""));
  EXPECT_EQ(read({"--describe-options"}, kCollector), 0);
  EXPECT_EQ(out_, description);
}

}  // namespace
}  // namespace weir::options
