#include "proxy_worker/net/origin_pool.h"

namespace weir::net {

struct OriginPool::Idle : Retirable, Stream::Listener, Timer::Listener {
  Idle(OriginPool& owner, const std::string& origin, OriginConnection idle) : pool(owner), key(origin), connection(std::move(idle)) {
    connection.stream->set_listener(this);
    pool.loop_.arm(timer, pool.loop_.now() + pool.idle_timeout_);
  }
  // An end, a failure or unasked octets; room to write alone is no reason.
  void on_stream(Stream& stream) override {
    if (stream.may_read() || stream.saw_end() || stream.has_failed()) {
      pool.drop(*this);
    }
  }
  void on_timer(Timer&) override { pool.drop(*this); }

  OriginPool& pool;
  std::string key;
  OriginConnection connection;
  IdleList::iterator place;
  Timer timer{*this};
};

OriginPool::OriginPool(EventLoop& loop, std::chrono::milliseconds idle_timeout, live::WorkerCounters::Word& open_connections)
    : loop_(loop), idle_timeout_(idle_timeout), open_connections_(open_connections) {}

OriginPool::~OriginPool() = default;

std::optional<OriginConnection> OriginPool::take(const std::string& origin) {
  const auto found = origins_.find(origin);
  if (found == origins_.end()) {
    return std::nullopt;
  }
  std::unique_ptr<Idle> idle = unlink(*found->second.back());
  OriginConnection connection = std::move(idle->connection);
  connection.stream->set_listener(nullptr);
  return connection;
}

void OriginPool::keep(const std::string& origin, OriginConnection connection) {
  IdleList& list = origins_[origin];
  if (idle_count_ >= kIdleMax || list.size() >= kIdlePerOriginMax) {
    connection.stream->close();
    live::subtract(open_connections_, 1);
    loop_.retire(std::move(connection.stream));
    if (list.empty()) {
      origins_.erase(origin);
    }
    return;
  }
  list.push_back(std::make_unique<Idle>(*this, origin, std::move(connection)));
  list.back()->place = std::prev(list.end());
  ++idle_count_;
}

std::unique_ptr<OriginPool::Idle> OriginPool::unlink(Idle& idle) {
  const auto found = origins_.find(idle.key);
  std::unique_ptr<Idle> owner = std::move(*idle.place);
  found->second.erase(idle.place);
  if (found->second.empty()) {
    origins_.erase(found);
  }
  --idle_count_;
  return owner;
}

void OriginPool::drop(Idle& idle) {
  idle.connection.stream->close();
  live::subtract(open_connections_, 1);
  loop_.retire(unlink(idle));
}

}  // namespace weir::net
