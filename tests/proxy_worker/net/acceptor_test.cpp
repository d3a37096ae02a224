#include "proxy_worker/net/acceptor.h"

#include <gtest/gtest.h>

#include <vector>

#include "proxy_worker/net/socket.h"
#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/loopback.h"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

class AcceptorTest : public testing::Test, protected Acceptor::Listener {
 protected:
  void on_connection(base::UniqueFd fd, const base::SocketAddress& client) override {
    accepted_.push_back(std::move(fd));
    clients_.push_back(client);
  }
  bool has_room() const override { return accepted_.size() < room_; }

  void connect(int count) {
    for (int i = 0; i < count; ++i) {
      int error = 0;
      far_.push_back(start_connect(address_, error));
      ASSERT_TRUE(far_.back().is_open());
    }
  }

  EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  tests::Listener listening_ = tests::listen_on_loopback();
  base::SocketAddress address_ = listening_.address;
  Acceptor acceptor_{loop_, std::move(listening_.fd), *this};
  std::size_t room_ = 1000;
  std::vector<base::UniqueFd> far_;
  std::vector<base::UniqueFd> accepted_;
  std::vector<base::SocketAddress> clients_;
};

TEST_F(AcceptorTest, TakesEveryConnection) {
  EXPECT_EQ(acceptor_.address(), address_);
  connect(200);
  ASSERT_TRUE(runner_.until([&] { return accepted_.size() == 200; }));
  EXPECT_EQ(clients_[0], *local_address(far_[0].value()));
}

TEST_F(AcceptorTest, PausesWhileThereIsNoRoomAndGoesOnByItself) {
  room_ = 3;
  connect(5);
  ASSERT_TRUE(runner_.until([&] { return accepted_.size() == 3; }));
  runner_.run_for(150ms);
  EXPECT_EQ(accepted_.size(), 3u);
  room_ = 10;
  EXPECT_TRUE(runner_.until([&] { return accepted_.size() == 5; }));
}

TEST_F(AcceptorTest, TakesWhatWaitsWhenItStops) {
  connect(10);
  acceptor_.stop();
  EXPECT_EQ(accepted_.size(), 10u);
  acceptor_.stop();
  int error = 0;
  const base::UniqueFd late = start_connect(address_, error);
  runner_.run_for(20ms);
  EXPECT_EQ(accepted_.size(), 10u);
}

TEST_F(AcceptorTest, StaysStoppedWhenItStopsDuringAPause) {
  room_ = 0;
  connect(1);
  runner_.run_for(20ms);
  acceptor_.stop();
  EXPECT_EQ(accepted_.size(), 1u);
  runner_.run_for(150ms);
  EXPECT_EQ(accepted_.size(), 1u);
}

}  // namespace
}  // namespace weir::net
