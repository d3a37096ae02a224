#include "proxy_worker/net/stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>

#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/loopback.h"

namespace weir::net {
namespace {

using ReadResult = Stream::ReadResult;

constexpr std::size_t kMuch = 4 << 20;  // more than any socket buffer takes

// Octets that show where they belong.
std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    text[i] = static_cast<char>(i * 31 + i / 251);
  }
  return text;
}

class StreamTest : public testing::Test, protected Stream::Listener {
 protected:
  void connect(tests::Buffers buffers = tests::Buffers::Usual) {
    tests::ConnectedPair pair = tests::connect_pair(buffers);
    stream_ = std::make_unique<Stream>(loop_, std::move(pair.near));
    far_ = std::move(pair.far);
    stream_->set_listener(this);
  }

  void on_stream(Stream&) override {
    ++calls_;
    if (then_) {
      then_();
    }
  }

  // Reads as a session does: while there may be something.
  ReadResult read_all(std::string& into) {
    ReadResult result = ReadResult::WouldBlock;
    std::array<char, 1000> buffer;
    while (stream_->may_read()) {
      std::size_t bytes = 0;
      result = stream_->read(buffer, bytes);
      into.append(buffer.data(), bytes);
    }
    return result;
  }
  bool run_until(const std::function<bool()>& is_so) { return runner_.until(is_so); }
  // Lets the far end read until it has seen `bytes`, the end or a reset.
  bool run_until_far_has(std::size_t bytes, std::size_t step = SIZE_MAX) {
    return run_until([&] {
      tests::receive_some(far_.value(), received_, step);
      return received_.bytes.size() >= bytes || received_.end || received_.reset;
    });
  }

  EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  std::unique_ptr<Stream> stream_;
  base::UniqueFd far_;
  tests::Received received_;
  int calls_ = 0;
  std::function<void()> then_;
};

TEST_F(StreamTest, ReadsWhatArrives) {
  connect();
  const std::string sent = pattern(100'000);
  tests::send_all(far_.value(), sent);
  std::string read;
  EXPECT_TRUE(run_until([&] {
    (void)read_all(read);
    return read.size() == sent.size();
  }));
  EXPECT_EQ(read, sent);
  EXPECT_FALSE(stream_->may_read());
  EXPECT_FALSE(stream_->saw_end());
}

// A read that fills the buffer may have left something: epoll would not tell of it again.
TEST_F(StreamTest, MayReadOnAfterAReadThatFilledTheBuffer) {
  connect();
  tests::send_all(far_.value(), "0123456789");
  ASSERT_TRUE(run_until([&] { return stream_->may_read(); }));
  std::array<char, 5> buffer;
  std::size_t bytes = 0;
  EXPECT_EQ(stream_->read(buffer, bytes), ReadResult::Bytes);
  EXPECT_TRUE(stream_->may_read());
  EXPECT_EQ(stream_->read(buffer, bytes), ReadResult::Bytes);
  EXPECT_TRUE(stream_->may_read());
  EXPECT_EQ(stream_->read(buffer, bytes), ReadResult::WouldBlock);
  EXPECT_FALSE(stream_->may_read());
}

TEST_F(StreamTest, ReadsTheEndBehindTheLastOctet) {
  connect();
  tests::send_all(far_.value(), "last words");
  ::shutdown(far_.value(), SHUT_WR);
  ASSERT_TRUE(run_until([&] { return stream_->saw_end(); }));
  EXPECT_FALSE(stream_->has_read_ended());
  std::string read;
  EXPECT_EQ(read_all(read), ReadResult::End);
  EXPECT_EQ(read, "last words");
  EXPECT_TRUE(stream_->has_read_ended());
  EXPECT_FALSE(stream_->has_failed());
}

TEST_F(StreamTest, WritesItsPartsInOrder) {
  connect();
  stream_->write({"one ", "", "two ", "three"});
  stream_->write({});
  stream_->write({"", ""});
  ASSERT_TRUE(run_until_far_has(13));
  EXPECT_EQ(received_.bytes, "one two three");
  EXPECT_EQ(stream_->written_bytes(), 13u);
  EXPECT_TRUE(stream_->is_flushed());
}

TEST_F(StreamTest, KeepsWhatDoesNotFitAndSendsItByItself) {
  connect();
  const std::string sent = pattern(kMuch);
  const std::string_view view = sent;
  stream_->write({view.substr(0, 10), view.substr(10, kMuch / 2), view.substr(10 + kMuch / 2)});
  EXPECT_GT(stream_->spill_bytes(), 0u);
  EXPECT_EQ(stream_->spill_bytes() + stream_->written_bytes(), kMuch);
  ASSERT_TRUE(run_until_far_has(kMuch));
  EXPECT_EQ(received_.bytes, sent);
  EXPECT_TRUE(stream_->is_flushed());
  EXPECT_EQ(stream_->written_bytes(), kMuch);
}

TEST_F(StreamTest, PutsWhatIsWrittenLaterBehindItsSpill) {
  connect(tests::Buffers::Small);
  const std::string sent = pattern(3'000'000);
  for (std::size_t at = 0; at < sent.size(); at += 10'000) {
    stream_->write({std::string_view(sent).substr(at, 10'000)});
    if (at % 70'000 == 0) {
      tests::receive_some(far_.value(), received_, 30'000);
      loop_.run_turn();
    }
  }
  ASSERT_TRUE(run_until_far_has(sent.size()));
  EXPECT_EQ(received_.bytes, sent);
}

TEST_F(StreamTest, TellsItsListenerWhenItsSpillHasGone) {
  connect();
  stream_->write({pattern(kMuch)});
  ASSERT_FALSE(stream_->is_flushed());
  bool was_told = false;
  then_ = [&] { was_told = was_told || stream_->is_flushed(); };
  ASSERT_TRUE(run_until_far_has(kMuch));
  EXPECT_TRUE(run_until([&] { return was_told; }));
}

// A slow reader and a writer that always has more: the spill is bounded, and so must its memory be.
TEST_F(StreamTest, KeepsItsMemorySmallWhenItsSpillIsNeverEmpty) {
  connect(tests::Buffers::Small);
  const std::string block = pattern(16 * 1024);
  constexpr std::size_t kSpillMax = 1 << 20;
  constexpr std::size_t kTotal = 32 << 20;
  std::size_t written = 0;
  while (written < kTotal) {
    while (stream_->spill_bytes() < kSpillMax) {
      stream_->write({block});
      written += block.size();
    }
    ASSERT_TRUE(run_until([&] {
      received_.bytes.clear();
      tests::receive_some(far_.value(), received_, 64 * 1024);
      return stream_->spill_bytes() < kSpillMax;
    }));
    ASSERT_FALSE(stream_->is_flushed());
  }
  EXPECT_LT(stream_->spill_memory_bytes(), 4 * kSpillMax);
}

TEST_F(StreamTest, GivesTheMemoryOfALargeSpillBack) {
  connect();
  stream_->write({pattern(kMuch)});
  ASSERT_TRUE(run_until_far_has(kMuch));
  EXPECT_LE(stream_->spill_memory_bytes(), 4096u);
}

TEST_F(StreamTest, SendsTheEndBehindItsSpill) {
  connect();
  const std::string sent = pattern(kMuch);
  stream_->write({sent});
  stream_->finish_writing();
  EXPECT_FALSE(stream_->has_finished_writing());
  ASSERT_TRUE(run_until([&] {
    tests::receive_some(far_.value(), received_);
    return received_.end || received_.reset;
  }));
  EXPECT_EQ(received_.bytes, sent);
  EXPECT_TRUE(received_.end);
  EXPECT_TRUE(stream_->has_finished_writing());
}

TEST_F(StreamTest, ReadsOnAfterItsOwnEnd) {
  connect();
  stream_->finish_writing();
  EXPECT_TRUE(stream_->has_finished_writing());
  ASSERT_TRUE(run_until_far_has(1));
  ASSERT_TRUE(received_.end);
  tests::send_all(far_.value(), "answer");
  std::string read;
  ASSERT_TRUE(run_until([&] {
    (void)read_all(read);
    return read == "answer";
  }));
  EXPECT_FALSE(stream_->has_failed());
}

TEST_F(StreamTest, WritesOnAfterTheOtherSidesEnd) {
  connect();
  ::shutdown(far_.value(), SHUT_WR);
  ASSERT_TRUE(run_until([&] { return stream_->saw_end(); }));
  stream_->write({"still here"});
  ASSERT_TRUE(run_until_far_has(10));
  EXPECT_EQ(received_.bytes, "still here");
}

TEST_F(StreamTest, ReadsWhatArrivedBeforeAReset) {
  connect();
  tests::send_all(far_.value(), "before");
  ASSERT_TRUE(run_until([&] { return stream_->may_read(); }));
  reset_on_close(far_.value());
  far_.reset();
  ASSERT_TRUE(run_until([&] { return stream_->has_failed(); }));
  std::string read;
  EXPECT_EQ(read_all(read), ReadResult::Failed) << "a reset is no orderly end";
  EXPECT_EQ(read, "before");
  EXPECT_EQ(stream_->error(), ECONNRESET);
}

TEST_F(StreamTest, DropsItsSpillAfterAReset) {
  connect();
  stream_->write({pattern(kMuch)});
  EXPECT_FALSE(stream_->has_lost_output());
  reset_on_close(far_.value());
  far_.reset();
  ASSERT_TRUE(run_until([&] { return stream_->has_failed(); }));
  EXPECT_TRUE(stream_->is_flushed());
  EXPECT_TRUE(stream_->has_lost_output());
  stream_->write({"more"});
  stream_->finish_writing();
  EXPECT_TRUE(stream_->is_flushed());
  EXPECT_FALSE(stream_->has_finished_writing());
}

TEST_F(StreamTest, LosesNothingWhenEverythingHadGoneBeforeAReset) {
  connect();
  stream_->write({"all"});
  ASSERT_TRUE(run_until_far_has(3));
  reset_on_close(far_.value());
  far_.reset();
  ASSERT_TRUE(run_until([&] { return stream_->has_failed(); }));
  EXPECT_FALSE(stream_->has_lost_output());
  stream_->write({"more"});
  EXPECT_TRUE(stream_->has_lost_output());
}

TEST_F(StreamTest, TellsTheOtherSideOfAnAbort) {
  connect();
  stream_->write({"half"});
  stream_->abort();
  EXPECT_FALSE(stream_->is_open());
  ASSERT_TRUE(run_until([&] {
    tests::receive_some(far_.value(), received_);
    return received_.end || received_.reset;
  }));
  EXPECT_TRUE(received_.reset);
}

TEST_F(StreamTest, EndsInOrderWhenItIsClosed) {
  connect();
  stream_->write({"all"});
  stream_->close();
  stream_->close();
  stream_->write({"nothing"});
  stream_->finish_writing();
  ASSERT_TRUE(run_until([&] {
    tests::receive_some(far_.value(), received_);
    return received_.end || received_.reset;
  }));
  EXPECT_TRUE(received_.end);
  EXPECT_EQ(received_.bytes, "all");
}

TEST_F(StreamTest, SaysNothingMoreOnceItIsClosed) {
  connect();
  then_ = [&] { stream_->close(); };
  tests::send_all(far_.value(), "x");
  ASSERT_TRUE(run_until([&] { return calls_ > 0; }));
  runner_.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(calls_, SHUT_WR);
}

TEST_F(StreamTest, RemembersWhatHappensWhileNobodyListens) {
  connect();
  runner_.run_for(std::chrono::milliseconds(20));
  stream_->set_listener(nullptr);
  calls_ = 0;
  tests::send_all(far_.value(), "x");
  ::shutdown(far_.value(), SHUT_WR);
  ASSERT_TRUE(run_until([&] { return stream_->may_read() && stream_->saw_end(); }));
  EXPECT_EQ(calls_, 0);
  stream_->set_listener(this);
  std::string read;
  EXPECT_EQ(read_all(read), ReadResult::End);
  EXPECT_EQ(read, "x");
}

}  // namespace
}  // namespace weir::net
