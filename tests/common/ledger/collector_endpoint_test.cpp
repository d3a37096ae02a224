#include "common/ledger/collector_endpoint.h"

#include <gtest/gtest.h>

namespace weir::ledger {
namespace {

using Kind = CollectorEndpoint::Kind;
using Side = CollectorEndpoint::Side;

CollectorEndpoint endpoint(const std::string& option, Side side) {
  std::string error;
  auto found = collector_endpoint(option, side, "/data", error);
  EXPECT_TRUE(found) << error;
  return std::move(*found);
}

TEST(CollectorEndpoint, IsASocketInTheDataDirectoryByDefault) {
  for (const Side side : {Side::Listens, Side::Connects}) {
    EXPECT_EQ(endpoint("", side).address, "ipc:///data/run/collector.sock");
    EXPECT_EQ(endpoint("", side).kind, Kind::SameHost);
  }
}

TEST(CollectorEndpoint, TakesASocketElsewhereAndOneWithoutAFile) {
  EXPECT_EQ(endpoint("ipc:///run/weir.sock", Side::Listens).address, "ipc:///run/weir.sock");
  EXPECT_EQ(endpoint("ipc:///run/weir.sock", Side::Listens).socket, "/run/weir.sock");
  EXPECT_EQ(endpoint("ipc://@weir", Side::Listens).address, "ipc://@weir");
  EXPECT_TRUE(endpoint("ipc://@weir", Side::Listens).socket.empty());
}

TEST(CollectorEndpoint, OfEveryAddressIsReachedOnThisMachine) {
  EXPECT_EQ(endpoint("tcp://*:7788", Side::Listens).address, "tcp://*:7788");
  EXPECT_EQ(endpoint("tcp://*:7788", Side::Connects).address, "tcp://127.0.0.1:7788");
  EXPECT_EQ(endpoint("tcp://0.0.0.0:7788", Side::Connects).address, "tcp://127.0.0.1:7788");
  EXPECT_EQ(endpoint("tcp://[::]:7788", Side::Connects).address, "tcp://[::1]:7788");
  EXPECT_EQ(endpoint("tcp://10.0.0.5:7788", Side::Connects).address, "tcp://10.0.0.5:7788");
  EXPECT_EQ(endpoint("tcp://10.0.0.5:7788", Side::Connects).kind, Kind::Network);
}

}  // namespace
}  // namespace weir::ledger
