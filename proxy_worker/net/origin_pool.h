// Connections to origins that wait for their next request. Each is watched: one that the origin closes, or on which it
// says anything unasked, is dropped at once and never handed out.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/base/ip_address.h"
#include "common/live/counters.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/net/stream.h"

namespace weir::net {

struct OriginConnection {
  std::unique_ptr<Stream> stream;
  base::SocketAddress address;
};

class OriginPool {
 public:
  static constexpr std::size_t kIdlePerOriginMax = 64;
  static constexpr std::size_t kIdleMax = 4096;

  // `open_connections` counts down when a kept connection is dropped; whoever opens one counts it up.
  OriginPool(EventLoop& loop, std::chrono::milliseconds idle_timeout, live::WorkerCounters::Word& open_connections);
  ~OriginPool();
  OriginPool(const OriginPool&) = delete;
  OriginPool& operator=(const OriginPool&) = delete;

  // The connection to `origin` ("host:port") that was used last, or nothing.
  std::optional<OriginConnection> take(const std::string& origin);
  void keep(const std::string& origin, OriginConnection connection);
  std::size_t size() const { return idle_count_; }

 private:
  struct Idle;
  using IdleList = std::list<std::unique_ptr<Idle>>;

  void drop(Idle& idle);
  std::unique_ptr<Idle> unlink(Idle& idle);

  EventLoop& loop_;
  std::chrono::milliseconds idle_timeout_;
  live::WorkerCounters::Word& open_connections_;
  std::unordered_map<std::string, IdleList> origins_;
  std::size_t idle_count_ = 0;
};

}  // namespace weir::net
