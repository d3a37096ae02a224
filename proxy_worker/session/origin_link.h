// A session's way to the origin of its present request: a kept connection, or a new one being made; and back into the
// pool, or closed.
#pragma once

#include <memory>
#include <string>

#include "proxy_worker/net/origin_dialer.h"
#include "proxy_worker/net/origin_pool.h"
#include "proxy_worker/net/stream.h"

namespace weir::session {

class OriginLink {
 public:
  // All of it outlives the link. `open_connections` counts those of the worker.
  struct Context {
    net::DialContext& dial;
    net::OriginPool& pool;
    live::WorkerCounters::Word& open_connections;
  };

  explicit OriginLink(const Context& context) : context_(context) {}
  OriginLink(const OriginLink&) = delete;
  OriginLink& operator=(const OriginLink&) = delete;
  ~OriginLink() { close(); }

  // Takes a kept connection to `key` ("host:port") that is alive at this moment, and on which nothing has arrived that
  // the next request's answer could be confused with.
  bool take_kept(const std::string& key);
  // Makes a new one; `listener` hears of the end and calls attach().
  void dial(const net::DialTarget& target, net::OriginDial::Listener& listener);
  void attach(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address);
  // The dial has failed.
  void end_dial();

  bool is_attached() const { return stream_ != nullptr; }
  net::Stream& stream() { return *stream_; }
  const base::SocketAddress& address() const { return address_; }

  // Back into the pool for the next request, if it is still of use.
  void keep(const std::string& key);
  void close();

 private:
  Context context_;
  std::unique_ptr<net::OriginDial> dial_;
  std::unique_ptr<net::Stream> stream_;
  base::SocketAddress address_;
};

}  // namespace weir::session
