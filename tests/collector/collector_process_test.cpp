// The collector as a process: a worker's end of the wire over ipc, signals, locks and exit statuses.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <zmq.hpp>

#include "common/base/mapped_file.h"
#include "common/base/unique_fd.h"
#include "common/ledger/ipc_endpoint.h"
#include "common/live/collector_status.h"
#include "tests/collector/hand_made.h"

extern char** environ;

namespace weir::collector {
namespace {

using namespace testing;
using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

// Runs `build/.../collector`; its messages go to a file in the data directory.
class Process {
 public:
  explicit Process(const std::filesystem::path& data_dir, const std::string& commit_interval = "5ms") : messages_(data_dir / "messages.txt") {
    listen_for_readiness(data_dir / "notify");
    std::vector<std::string> words{COLLECTOR_PROGRAM, "--data-dir", data_dir.string(), "--commit-interval", commit_interval, "--log-level", "debug"};
    std::vector<char*> arguments;
    for (std::string& word : words) {
      arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    std::string notify = "NOTIFY_SOCKET=" + (data_dir / "notify").string();
    std::vector<char*> environment{notify.data()};
    for (char** variable = environ; *variable != nullptr; ++variable) {
      environment.push_back(*variable);
    }
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 2, messages_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    EXPECT_EQ(::posix_spawn(&pid_, COLLECTOR_PROGRAM, &actions, nullptr, arguments.data(), environment.data()), 0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool is_ready() {
    pollfd item{notify_.value(), POLLIN, 0};
    char text[64] = {};
    return ::poll(&item, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) == 1 &&
           ::read(notify_.value(), text, sizeof text) > 0 && std::string_view(text).starts_with("READY=1");
  }
  void send_signal(int signal) { ::kill(pid_, signal); }
  // The exit status; -1 when it was killed or did not end in time.
  int wait() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > deadline) {
        return -1;
      }
      std::this_thread::sleep_for(5ms);
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string messages() const { return content(messages_); }
  // Waits until the messages hold that text.
  bool has_said(std::string_view text) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (messages().find(text) == std::string::npos) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

 private:
  void listen_for_readiness(const std::filesystem::path& path) {
    std::filesystem::remove(path);
    notify_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(notify_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  std::filesystem::path messages_;
  base::UniqueFd notify_;
  pid_t pid_ = -1;
};

// A worker's end of the wire.
class Worker {
 public:
  explicit Worker(const std::filesystem::path& data_dir) {
    std::string error;
    endpoint_ = ledger::ipc_endpoint(data_dir / "run" / "collector.sock", error);
    dealer_.set(zmq::sockopt::linger, 0);
    dealer_.set(zmq::sockopt::rcvtimeo, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
    dealer_.set(zmq::sockopt::reconnect_ivl, 10);
    dealer_.connect(endpoint_->address);
  }

  void send_frames(const std::vector<std::string>& frames) {
    for (std::size_t index = 0; index < frames.size(); ++index) {
      const bool is_last = index + 1 == frames.size();
      (void)dealer_.send(zmq::buffer(frames[index]), is_last ? zmq::send_flags::none : zmq::send_flags::sndmore);
    }
  }
  void send(const OwnedBatch& owned) { send_frames({owned.header, owned.events}); }

  proto::Ack receive() {
    zmq::message_t message;
    proto::Ack ack;
    if (!dealer_.recv(message) || !ack.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      ADD_FAILURE() << "no acknowledgement";
    }
    return ack;
  }

  // Sends a question and waits for the answer: everything sent before it was dealt with.
  proto::Ack ask(const std::string& stream = "s") {
    send_frames({header_frame(stream, 0, 0), ""});
    return receive();
  }

 private:
  zmq::context_t context_{1};
  zmq::socket_t dealer_{context_, zmq::socket_type::dealer};
  std::optional<ledger::IpcEndpoint> endpoint_;
};

std::string rows(const TemporaryFolder& folder) { return query(folder.database(), "SELECT count(*) FROM request").front(); }

TEST(CollectorProcess, RecordsAndAcknowledges) {
  TemporaryFolder folder;
  Process collector(folder.path());
  ASSERT_TRUE(collector.is_ready()) << collector.messages();
  Worker worker(folder.path());
  worker.send(make_batch("s", 1, {served_event(), blocked_event(), rate_limited_event()}));
  EXPECT_EQ(worker.receive().last_sequence(), 3u);
  EXPECT_EQ(rows(folder), "3");
  EXPECT_EQ(lines(folder.path() / "Blocked Logs/blocked.jsonl").size(), 1u);
  EXPECT_EQ(lines(folder.path() / "Blocked Logs/rate_limited.jsonl").size(), 1u);
}

TEST(CollectorProcess, CommitsWhatHasArrivedWhenItIsStopped) {
  TemporaryFolder folder;
  Process collector(folder.path(), "1h");
  ASSERT_TRUE(collector.is_ready());
  Worker worker(folder.path());
  EXPECT_EQ(worker.ask().last_sequence(), 0u);
  for (std::uint64_t sequence = 1; sequence <= 50; ++sequence) {
    worker.send(make_batch("s", sequence, {served_event()}));
  }
  ASSERT_TRUE(collector.has_said("stream s: 1 events from 50"));
  EXPECT_EQ(rows(folder), "0");
  collector.send_signal(SIGTERM);
  EXPECT_EQ(collector.wait(), 0) << collector.messages();
  EXPECT_EQ(worker.receive().last_sequence(), 50u);
  EXPECT_EQ(rows(folder), "50");
}

TEST(CollectorProcess, CountsNothingTwiceWhenItIsKilled) {
  TemporaryFolder folder;
  Worker worker(folder.path());
  std::uint64_t next = 1;
  for (int round = 0; round < 4; ++round) {
    Process collector(folder.path());
    ASSERT_TRUE(collector.is_ready()) << collector.messages();
    next = worker.ask().last_sequence() + 1;
    worker.send(make_batch("s", next, {served_event(), served_event("b.example")}));
    worker.receive();
    worker.send(make_batch("s", next + 2, {served_event(), served_event("b.example")}));  // acknowledged or not
    collector.send_signal(SIGKILL);
    collector.wait();
  }
  Process collector(folder.path());
  ASSERT_TRUE(collector.is_ready());
  // Acknowledgements that were on their way from an earlier collector come first.
  proto::Ack ack;
  do {
    ack = worker.ask();
  } while (ack.last_sequence() < 8 && !::testing::Test::HasFailure());
  EXPECT_EQ(rows(folder), std::to_string(ack.last_sequence()));
  EXPECT_EQ(lines(folder.traffic("b.example.jsonl")).size(), ack.last_sequence() / 2);
  EXPECT_EQ(query(folder.database(), "SELECT count(DISTINCT sequence) FROM request").front(), rows(folder));
}

TEST(CollectorProcess, RefusesHostileFramesAndGoesOn) {
  TemporaryFolder folder;
  Process collector(folder.path());
  ASSERT_TRUE(collector.is_ready());
  Worker worker(folder.path());
  OwnedBatch torn = make_batch("s", 1, {served_event()});
  torn.events.resize(torn.events.size() - 8);
  worker.send(torn);
  worker.send_frames({""});
  worker.send_frames({"", "", "", ""});
  worker.send_frames({std::string(1000, '\xFF'), "x"});
  worker.send_frames({header_frame("s", 1, 1), std::string(100'000, '\xFF')});
  worker.send_frames({header_frame("s", 1, 0xFFFFFFFF), ""});
  std::vector<std::string> many(500, "x");
  worker.send_frames(many);
  EXPECT_EQ(worker.ask().last_sequence(), 0u);
  worker.send(make_batch("s", 1, {served_event()}));
  EXPECT_EQ(worker.receive().last_sequence(), 1u);
  collector.send_signal(SIGTERM);
  EXPECT_EQ(collector.wait(), 0);
  const std::string said = collector.messages();
  EXPECT_NE(said.find("refused batches: 7"), std::string::npos) << said;
  EXPECT_EQ(said.find("refused a batch"), said.rfind("refused a batch")) << "one line for all of them: " << said;
  std::string error;
  const auto file = base::MappedFile::open(folder.path() / "run" / "collector_status", base::MappedFile::Access::ReadOnly, error);
  ASSERT_TRUE(file) << error;
  constexpr std::size_t kHeaderBytes = 16;
  const auto& facts = *reinterpret_cast<const live::CollectorFacts*>(file->bytes().data() + kHeaderBytes);
  EXPECT_EQ(facts.refused_batches, 7u);
  EXPECT_EQ(facts.committed_events, 1u);
  EXPECT_GT(facts.last_commit_us, facts.started_at_us);
  EXPECT_EQ(facts.state, static_cast<std::uint64_t>(live::CollectorState::Ended));
}

TEST(CollectorProcess, DropsAPeerThatSendsTooLargeAFrameAndServesTheOthers) {
  TemporaryFolder folder;
  Process collector(folder.path());
  ASSERT_TRUE(collector.is_ready());
  Worker hostile(folder.path());
  hostile.send_frames({header_frame("s", 1, 1), std::string(16u << 20, 'x')});
  Worker worker(folder.path());
  worker.send(make_batch("t", 1, {served_event()}));
  EXPECT_EQ(worker.receive().last_sequence(), 1u);
}

TEST(CollectorProcess, RefusesToRunTwiceOnOneFolder) {
  TemporaryFolder folder;
  Process first(folder.path());
  ASSERT_TRUE(first.is_ready());
  Process second(folder.path());
  EXPECT_EQ(second.wait(), 1);
  EXPECT_NE(second.messages().find("another collector works on this data directory"), std::string::npos) << second.messages();
  Worker worker(folder.path());
  worker.send(make_batch("s", 1, {served_event()}));
  EXPECT_EQ(worker.receive().last_sequence(), 1u);
}

TEST(CollectorProcess, EndsWithOneLineOnADatabaseThatItCannotUse) {
  TemporaryFolder folder;
  std::ofstream(folder.database()) << std::string(5000, 'x');
  Process collector(folder.path());
  EXPECT_EQ(collector.wait(), 2);
  EXPECT_EQ(lines(folder.path() / "messages.txt").size(), 1u) << collector.messages();
  EXPECT_NE(collector.messages().find("proxy_traffic.db: set up database: file is not a database"), std::string::npos) << collector.messages();
}

TEST(CollectorProcess, WaitsOutALockedDatabaseAndAsksAgain) {
  TemporaryFolder folder;
  Process collector(folder.path());
  ASSERT_TRUE(collector.is_ready());
  Worker worker(folder.path());
  worker.send(make_batch("s", 1, {served_event()}));
  EXPECT_EQ(worker.receive().last_sequence(), 1u);
  store::Error error;
  auto other = store::Database::open_writer(folder.database(), error);
  ASSERT_TRUE(other->execute("lock", "BEGIN IMMEDIATE", error)) << error.message;
  worker.send(make_batch("s", 2, {served_event()}));
  ASSERT_TRUE(collector.has_said("database is locked")) << collector.messages();
  ASSERT_TRUE(other->execute("unlock", "ROLLBACK", error));
  proto::Ack ack;
  do {
    ack = worker.receive();
  } while (ack.last_sequence() < 2 && !::testing::Test::HasFailure());
  EXPECT_EQ(rows(folder), "2");
}

TEST(CollectorProcess, EndsWhenItsDatabaseIsRemoved) {
  TemporaryFolder folder;
  Process collector(folder.path());
  ASSERT_TRUE(collector.is_ready());
  Worker worker(folder.path());
  std::filesystem::remove(folder.database());
  worker.send(make_batch("s", 1, {served_event()}));
  EXPECT_EQ(collector.wait(), 1);
  EXPECT_NE(collector.messages().find("removed or replaced"), std::string::npos) << collector.messages();
}

}  // namespace
}  // namespace weir::collector
