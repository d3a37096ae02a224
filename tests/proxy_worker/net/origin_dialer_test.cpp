#include "proxy_worker/net/origin_dialer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/loopback.h"

namespace weir::net {
namespace {

using namespace std::chrono_literals;

// Names are those that c-ares answers without asking anybody: "localhost" (RFC 6761 section 6.3), ".onion" (RFC 7686).
class OriginDialTest : public testing::Test, protected OriginDial::Listener {
 protected:
  void start(const DialTarget& target) {
    context_.emplace(DialContext{loop_, resolver_, guard_, own_addresses_, limits_});
    OriginDial::Listener& listener = *this;
    dial_ = std::make_unique<OriginDial>(*context_, listener);
    dial_->start(target);
  }
  bool run_until_ended() {
    return runner_.until([&] { return is_over(); });
  }
  bool is_over() const { return stream_ != nullptr || failure_ != DialFailure::None; }

  void on_dialed(std::unique_ptr<Stream> stream, const base::SocketAddress& address) override {
    ++endings_;
    stream_ = std::move(stream);
    address_ = address;
    loop_.retire(std::move(dial_));
  }
  void on_dial_failed(DialFailure failure, int error) override {
    ++endings_;
    failure_ = failure;
    error_ = error;
  }
  void on_resolved_name() override { ++resolved_; }

  std::vector<base::IpAddress> addresses_of(const std::string& name) {
    struct : Resolver::Query {
      void on_resolved(const Resolution&) override {}
    } query;
    const Resolution* known = resolver_.resolve(name, query);
    return known == nullptr ? std::vector<base::IpAddress>() : known->addresses;
  }
  static DialTarget literal(const std::string& address, std::uint16_t port) { return {address, port, base::IpAddress::parse(address)}; }
  static std::vector<base::Cidr> loopback() { return base::loopback_networks(); }

  EventLoop loop_;
  tests::LoopRunner runner_{loop_};
  Resolver resolver_{loop_, 2s};
  policy::DestinationGuard guard_{loopback(), {}};
  std::vector<base::SocketAddress> own_addresses_;
  DialLimits limits_{2s, 2s};
  std::optional<DialContext> context_;
  std::unique_ptr<OriginDial> dial_;
  std::unique_ptr<Stream> stream_;
  base::SocketAddress address_;
  DialFailure failure_ = DialFailure::None;
  int error_ = 0;
  int resolved_ = 0;
  int endings_ = 0;
};

TEST_F(OriginDialTest, ConnectsToALiteralAddress) {
  const tests::Listener origin = tests::listen_on_loopback();
  start(literal("127.0.0.1", origin.address.port));
  ASSERT_TRUE(run_until_ended());
  ASSERT_NE(stream_, nullptr);
  EXPECT_EQ(address_, origin.address);
  EXPECT_EQ(resolved_, 0);
  const base::UniqueFd far = origin.accept();
  ASSERT_TRUE(far.is_open());
  stream_->write({"hello"});
  tests::Received received;
  ASSERT_TRUE(runner_.until([&] {
    tests::receive_some(far.value(), received);
    return received.bytes == "hello";
  }));
}

TEST_F(OriginDialTest, ConnectsToAName) {
  const tests::Listener origin = tests::listen_on_loopback();
  start({"localhost", origin.address.port, std::nullopt});
  ASSERT_TRUE(run_until_ended());
  ASSERT_NE(stream_, nullptr);
  EXPECT_EQ(address_, origin.address);
  EXPECT_EQ(resolved_, 1);
}

// RFC 8305 section 5: the next address at once when one fails.
TEST_F(OriginDialTest, TriesTheNextAddressWhenOneIsRefused) {
  const std::vector<base::IpAddress> addresses = addresses_of("localhost");
  if (addresses.size() < 2) {
    GTEST_SKIP() << "localhost has one address only on this host";
  }
  for (const base::IpAddress& address : addresses) {
    const tests::Listener origin = tests::listen_on_loopback(address.to_string());
    start({"localhost", origin.address.port, std::nullopt});
    ASSERT_TRUE(run_until_ended());
    ASSERT_NE(stream_, nullptr) << address.to_string();
    EXPECT_EQ(address_.address, address);
    stream_.reset();
  }
}

TEST_F(OriginDialTest, SaysThatEveryAddressRefused) {
  const tests::UnusedPort unused = tests::unused_port();
  start(literal("127.0.0.1", unused.port));
  ASSERT_TRUE(run_until_ended());
  EXPECT_EQ(failure_, DialFailure::ConnectFailed);
  EXPECT_EQ(error_, ECONNREFUSED);
  EXPECT_EQ(endings_, 1);
}

TEST_F(OriginDialTest, SaysThatEveryAddressOfANameRefused) {
  const tests::UnusedPort unused = tests::unused_port();
  start({"localhost", unused.port, std::nullopt});
  ASSERT_TRUE(run_until_ended());
  EXPECT_EQ(failure_, DialFailure::ConnectFailed);
  EXPECT_EQ(endings_, 1);
}

TEST_F(OriginDialTest, NeverConnectsWhereTheGuardForbidsIt) {
  guard_ = policy::DestinationGuard({}, {});
  const tests::Listener origin = tests::listen_on_loopback();
  for (const DialTarget& target : {literal("127.0.0.1", origin.address.port), literal("::ffff:127.0.0.1", origin.address.port),
                                   DialTarget{"localhost", origin.address.port, std::nullopt}}) {
    failure_ = DialFailure::None;
    start(target);
    ASSERT_TRUE(run_until_ended());
    EXPECT_EQ(failure_, DialFailure::NotPermitted) << target.host;
  }
  EXPECT_FALSE(origin.accept().is_open());
}

TEST_F(OriginDialTest, NeverConnectsToTheProxyItself) {
  const tests::Listener proxy = tests::listen_on_loopback();
  const policy::DestinationGuard anywhere({*base::Cidr::parse("0.0.0.0/0"), *base::Cidr::parse("::/0")}, {});
  guard_ = anywhere;
  for (const char* own : {"127.0.0.1", "0.0.0.0", "::"}) {
    // "::" as a destination is ::1, which a listener on 127.0.0.1 does not have.
    for (const char* destination : {"127.0.0.1", "0.0.0.0", "64:ff9b::7f00:1"}) {
      own_addresses_ = {{*base::IpAddress::parse(own), proxy.address.port}};
      failure_ = DialFailure::None;
      start(literal(destination, proxy.address.port));
      ASSERT_TRUE(run_until_ended());
      EXPECT_EQ(failure_, DialFailure::IsProxyItself) << destination << " while it listens on " << own;
    }
  }
  EXPECT_FALSE(proxy.accept().is_open());
  own_addresses_ = {{*base::IpAddress::parse("127.0.0.2"), proxy.address.port}};
  failure_ = DialFailure::None;
  start(literal("127.0.0.1", proxy.address.port));
  ASSERT_TRUE(run_until_ended());
  EXPECT_NE(stream_, nullptr) << "another address of the same host is not the proxy";
}

TEST_F(OriginDialTest, SaysThatANameDoesNotExist) {
  start({"name.onion", 80, std::nullopt});  // RFC 7686 section 2: never asked for
  ASSERT_TRUE(run_until_ended());
  EXPECT_EQ(failure_, DialFailure::NoSuchName);
  EXPECT_EQ(resolved_, 0);
}

// A queue of one that is full: the kernel drops further attempts, as a host that is away does.
TEST_F(OriginDialTest, GivesUpAfterItsTime) {
  limits_.connect = 100ms;
  tests::Listener origin = tests::listen_on_loopback();
  ASSERT_EQ(::listen(origin.fd.value(), 0), 0);
  std::vector<base::UniqueFd> fillers;
  for (int i = 0; i < 4; ++i) {
    int error = 0;
    fillers.push_back(start_connect(origin.address, error));
  }
  runner_.run_for(50ms);
  start(literal("127.0.0.1", origin.address.port));
  ASSERT_TRUE(run_until_ended());
  EXPECT_EQ(failure_, DialFailure::ConnectTimedOut);
  EXPECT_EQ(endings_, 1);
}

TEST_F(OriginDialTest, SaysNothingOnceItIsCancelled) {
  const tests::Listener origin = tests::listen_on_loopback();
  for (const DialTarget& target : {literal("127.0.0.1", origin.address.port), DialTarget{"localhost", origin.address.port, std::nullopt}}) {
    start(target);
    if (dial_ != nullptr) {
      dial_->cancel();
      loop_.retire(std::move(dial_));
    }
    endings_ = 0;
    runner_.run_for(50ms);
    EXPECT_EQ(endings_, 0);
  }
}

}  // namespace
}  // namespace weir::net
