#include "proxy_worker/net/origin_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/loopback.h"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

class OriginPoolTest : public testing::Test, private Stream::Listener {
 protected:
  explicit OriginPoolTest(std::chrono::milliseconds idle_timeout = 60s) : pool_(loop_, idle_timeout, open_) {}

  // Keeps a new connection to `origin`; gives its descriptor number and keeps its far end.
  int keep_one(const std::string& origin) {
    tests::ConnectedPair pair = tests::connect_pair();
    auto stream = std::make_unique<Stream>(loop_, std::move(pair.near));
    stream->set_listener(this);  // as the session that used it
    stream->set_listener(nullptr);
    const int fd = stream->fd();
    far_.push_back(std::move(pair.far));
    live::add(open_, 1);
    pool_.keep(origin, {std::move(stream), {}});
    return fd;
  }
  int taken_fd(const std::string& origin) {
    auto connection = pool_.take(origin);
    if (!connection) {
      return -1;
    }
    taken_.push_back(std::move(*connection));
    return taken_.back().stream->fd();
  }

  void on_stream(Stream&) override {}

  EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  live::WorkerCounters::Word open_{0};
  OriginPool pool_;
  std::vector<base::UniqueFd> far_;
  std::vector<OriginConnection> taken_;
};

class ShortOriginPoolTest : public OriginPoolTest {
 protected:
  ShortOriginPoolTest() : OriginPoolTest(200ms) {}
};

TEST_F(OriginPoolTest, HasNothingForAnUnknownOrigin) {
  (void)keep_one("a:80");
  EXPECT_EQ(taken_fd("b:80"), -1);
  EXPECT_EQ(taken_fd("a:81"), -1);
}

TEST_F(OriginPoolTest, GivesTheConnectionThatWasUsedLast) {
  const int first = keep_one("a:80");
  const int other = keep_one("b:80");
  const int second = keep_one("a:80");
  EXPECT_EQ(pool_.size(), 3u);
  EXPECT_EQ(taken_fd("a:80"), second);
  EXPECT_EQ(taken_fd("a:80"), first);
  EXPECT_EQ(taken_fd("a:80"), -1);
  EXPECT_EQ(taken_fd("b:80"), other);
  EXPECT_EQ(pool_.size(), 0u);
  EXPECT_EQ(open_, 3u) << "what is taken stays open";
}

TEST_F(OriginPoolTest, DropsAConnectionThatTheOriginCloses) {
  (void)keep_one("a:80");
  const int alive = keep_one("a:80");
  far_[0].reset();
  ASSERT_TRUE(runner_.until([&] { return pool_.size() == 1; }));
  EXPECT_EQ(open_, 1u);
  EXPECT_EQ(taken_fd("a:80"), alive);
}

TEST_F(OriginPoolTest, DropsAConnectionThatIsReset) {
  (void)keep_one("a:80");
  reset_on_close(far_[0].value());
  far_[0].reset();
  ASSERT_TRUE(runner_.until([&] { return pool_.size() == 0; }));
  EXPECT_EQ(taken_fd("a:80"), -1);
}

// RFC 9112 section 9.2: octets that answer no request belong to no response.
TEST_F(OriginPoolTest, DropsAConnectionOnWhichTheOriginSpeaksUnasked) {
  (void)keep_one("a:80");
  tests::send_all(far_[0].value(), "HTTP/1.1 408 Request Timeout\r\n\r\n");
  ASSERT_TRUE(runner_.until([&] { return pool_.size() == 0; }));
  EXPECT_EQ(open_, 0u);
  tests::Received received;
  ASSERT_TRUE(runner_.until([&] {
    tests::receive_some(far_[0].value(), received);
    return received.end || received.reset;
  }));
}

TEST_F(ShortOriginPoolTest, KeepsASilentConnectionUntilItsTimeIsOver) {
  (void)keep_one("a:80");
  runner_.run_for(150ms);
  EXPECT_EQ(pool_.size(), 1u);
  ASSERT_TRUE(runner_.until([&] { return pool_.size() == 0; }));
  EXPECT_EQ(open_, 0u);
}

TEST_F(ShortOriginPoolTest, LeavesAConnectionThatWasTakenAlone) {
  (void)keep_one("a:80");
  ASSERT_NE(taken_fd("a:80"), -1);
  tests::send_all(far_[0].value(), "an answer");
  runner_.run_for(300ms);
  ASSERT_TRUE(taken_[0].stream->is_open());
  EXPECT_TRUE(taken_[0].stream->may_read());
  EXPECT_EQ(open_, 1u);
}

TEST_F(OriginPoolTest, KeepsABoundedNumberForEachOrigin) {
  for (std::size_t i = 0; i < OriginPool::kIdlePerOriginMax - 1; ++i) {
    (void)keep_one("a:80");
  }
  EXPECT_EQ(pool_.size(), OriginPool::kIdlePerOriginMax - 1);
  (void)keep_one("a:80");
  EXPECT_EQ(pool_.size(), OriginPool::kIdlePerOriginMax);
  (void)keep_one("a:80");
  EXPECT_EQ(pool_.size(), OriginPool::kIdlePerOriginMax);
  EXPECT_EQ(open_, OriginPool::kIdlePerOriginMax);
  (void)keep_one("b:80");
  EXPECT_EQ(pool_.size(), OriginPool::kIdlePerOriginMax + 1);
}

TEST_F(OriginPoolTest, DropsManyThatEndInOneTurn) {
  for (int i = 0; i < 20; ++i) {
    (void)keep_one(i % 2 == 0 ? "a:80" : "b:80");
  }
  far_.clear();
  ASSERT_TRUE(runner_.until([&] { return pool_.size() == 0; }));
  EXPECT_EQ(open_, 0u);
  EXPECT_EQ(taken_fd("a:80"), -1);
}

}  // namespace
}  // namespace weir::net
