// A stream under test together with the plain socket at its other end.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy_worker/net/stream.h"
#include "tests/proxy_worker/loop_runner.h"
#include "tests/proxy_worker/loopback.h"

namespace weir::tests {

class FarSide : private net::Stream::Listener {
 public:
  explicit FarSide(net::EventLoop& loop) : loop_(loop) {
    ConnectedPair pair = connect_pair();
    stream_ = std::make_unique<net::Stream>(loop, std::move(pair.near));
    stream_->set_listener(this);
    far_ = std::move(pair.far);
  }

  net::Stream& stream() { return *stream_; }
  int fd() const { return far_.value(); }
  void send(std::string_view bytes) { send_all(far_.value(), bytes); }
  void end() { ::shutdown(far_.value(), SHUT_WR); }
  void reset() {
    net::reset_on_close(far_.value());
    far_.reset();
  }
  void receive(std::size_t bytes_max = SIZE_MAX) { receive_some(far_.value(), received_, bytes_max); }
  const Received& received() const { return received_; }

  // All that was written to the stream, which is then at its end.
  const std::string& take_all_written() {
    stream_->finish_writing();
    LoopRunner runner(loop_);
    (void)runner.until([&] {
      receive();
      return received_.end || received_.reset;
    });
    return received_.bytes;
  }

 private:
  void on_stream(net::Stream&) override {}

  net::EventLoop& loop_;
  std::unique_ptr<net::Stream> stream_;
  base::UniqueFd far_;
  Received received_;
};

}  // namespace weir::tests
