#include "proxy_worker/session/tunnel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>

#include "proxy_worker/session/request_relay.h"
#include "tests/proxy_worker/session/far_side.h"

namespace weir::session {
namespace {

using tests::FarSide;

class TunnelTest : public testing::Test {
 protected:
  // Pumps as the session does, while both far ends read, until `is_so` or the tunnel has ended.
  bool run_until(const std::function<bool()>& is_so) {
    return runner_.until([&] {
      pump();
      receive(client_);
      receive(origin_);
      return is_so();
    });
  }
  bool run_until_ended() {
    return run_until([&] { return result_ == Tunnel::Result::Ended; });
  }
  void pump() {
    if (result_ != Tunnel::Result::Ended) {
      result_ = tunnel_.pump(client_.stream(), origin_.stream(), buffer_, nullptr);
    }
  }
  static void receive(FarSide& side) {
    if (side.fd() >= 0) {
      side.receive();
    }
  }

  net::EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  FarSide client_{loop_};
  FarSide origin_{loop_};
  Tunnel tunnel_;
  Tunnel::Result result_ = Tunnel::Result::Waiting;
  std::array<char, 16 * 1024> buffer_;
};

TEST_F(TunnelTest, CarriesOctetsBothWays) {
  client_.send("question");
  origin_.send("answer");
  ASSERT_TRUE(run_until([&] { return origin_.received().bytes == "question" && client_.received().bytes == "answer"; }));
  EXPECT_EQ(result_, Tunnel::Result::Waiting);
  EXPECT_EQ(tunnel_.client_to_origin_bytes(), 8u);
  EXPECT_EQ(tunnel_.origin_to_client_bytes(), 6u);
}

TEST_F(TunnelTest, SaysWhetherItMovedAnything) {
  client_.send("x");
  ASSERT_TRUE(runner_.until([&] { return client_.stream().may_read(); }));
  pump();
  EXPECT_TRUE(tunnel_.has_moved());
  pump();
  EXPECT_FALSE(tunnel_.has_moved());
}

TEST_F(TunnelTest, CountsWhatCameEarly) {
  tunnel_.count_early(3, 4);
  client_.send("x");
  ASSERT_TRUE(run_until([&] { return origin_.received().bytes == "x"; }));
  EXPECT_EQ(tunnel_.client_to_origin_bytes(), 4u);
  EXPECT_EQ(tunnel_.origin_to_client_bytes(), 4u);
}

TEST_F(TunnelTest, KeepsOriginToClientOpenAfterTheClientsEnd) {
  client_.send("request");
  client_.end();
  ASSERT_TRUE(run_until([&] { return origin_.received().end; }));
  EXPECT_EQ(origin_.received().bytes, "request");
  EXPECT_EQ(result_, Tunnel::Result::Waiting);
  origin_.send("response");
  origin_.end();
  ASSERT_TRUE(run_until_ended());
  ASSERT_TRUE(runner_.until([&] {
    client_.receive();
    return client_.received().end;
  }));
  EXPECT_EQ(client_.received().bytes, "response");
  EXPECT_FALSE(tunnel_.was_reset());
}

TEST_F(TunnelTest, KeepsClientToOriginOpenAfterTheOriginsEnd) {
  origin_.send("greeting");
  origin_.end();
  ASSERT_TRUE(run_until([&] { return client_.received().end; }));
  EXPECT_EQ(client_.received().bytes, "greeting");
  EXPECT_EQ(result_, Tunnel::Result::Waiting);
  client_.send("late");
  client_.end();
  ASSERT_TRUE(run_until_ended());
  EXPECT_EQ(tunnel_.client_to_origin_bytes(), 4u);
}

TEST_F(TunnelTest, DeliversWhatCameBeforeAResetOfTheOrigin) {
  origin_.send("last words");
  ASSERT_TRUE(runner_.until([&] { return origin_.stream().may_read(); }));
  origin_.reset();
  ASSERT_TRUE(run_until_ended());
  EXPECT_TRUE(tunnel_.was_reset());
  EXPECT_FALSE(tunnel_.was_reset_by_client());
  EXPECT_EQ(client_.take_all_written(), "last words");
}

TEST_F(TunnelTest, DeliversWhatCameBeforeAResetOfTheClient) {
  client_.send("last words");
  ASSERT_TRUE(runner_.until([&] { return client_.stream().may_read(); }));
  client_.reset();
  ASSERT_TRUE(run_until_ended());
  EXPECT_TRUE(tunnel_.was_reset_by_client());
  EXPECT_EQ(origin_.take_all_written(), "last words");
}

TEST_F(TunnelTest, EndsWhenOneSideIsResetWhileTheOtherSends) {
  origin_.reset();
  client_.send("into the void");
  ASSERT_TRUE(run_until_ended());
  EXPECT_TRUE(tunnel_.was_reset());
}

// One side that does not read stops the other, and nothing is lost (envoy: source/docs/flow_control.md).
TEST_F(TunnelTest, StopsReadingASideWhoseOtherSideDoesNotTakeIt) {
  FarSide slow(loop_);
  std::string sent;
  const std::string block(64 * 1024, 'x');
  const auto send_more = [&] {
    const ssize_t count = ::send(client_.fd(), block.data(), block.size(), MSG_NOSIGNAL);
    sent.append(block, 0, count > 0 ? static_cast<std::size_t>(count) : 0);
    return count < 0;
  };
  ASSERT_TRUE(runner_.until([&] {
    const bool is_full = send_more();
    (void)tunnel_.pump(client_.stream(), slow.stream(), buffer_, nullptr);
    return is_full && !tunnel_.has_moved();
  }));
  EXPECT_LE(slow.stream().spill_bytes(), kSpillBytesMax);
  EXPECT_GT(sent.size(), kSpillBytesMax / 2);
  client_.end();
  ASSERT_TRUE(runner_.until([&] {
    slow.receive();
    (void)tunnel_.pump(client_.stream(), slow.stream(), buffer_, nullptr);
    return slow.received().end;
  }));
  EXPECT_EQ(slow.received().bytes.size(), sent.size());
}

TEST_F(TunnelTest, LetsOthersHaveTheirTurnWhenThereIsMuchToMove) {
  client_.send(std::string(200'000, 'x'));
  ASSERT_TRUE(runner_.until([&] { return client_.stream().may_read(); }));
  std::array<char, 1000> small;
  EXPECT_EQ(tunnel_.pump(client_.stream(), origin_.stream(), small, nullptr), Tunnel::Result::Unfinished);
  EXPECT_LT(tunnel_.client_to_origin_bytes(), 100'000u);
}

}  // namespace
}  // namespace weir::session
