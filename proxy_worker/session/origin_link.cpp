#include "proxy_worker/session/origin_link.h"

namespace weir::session {

bool OriginLink::take_kept(const std::string& key) {
  while (auto kept = context_.pool.take(key)) {
    stream_ = std::move(kept->stream);
    address_ = kept->address;
    if (net::is_silent_and_open(stream_->fd())) {
      return true;
    }
    close();
  }
  return false;
}

void OriginLink::dial(const net::DialTarget& target, net::OriginDial::Listener& listener) {
  dial_ = std::make_unique<net::OriginDial>(context_.dial, listener);
  dial_->start(target);
}

void OriginLink::attach(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address) {
  end_dial();
  live::add(context_.open_connections, 1);
  stream_ = std::move(stream);
  address_ = address;
}

void OriginLink::end_dial() {
  if (dial_ != nullptr) {
    dial_->cancel();
    context_.dial.loop.retire(std::move(dial_));
  }
}

void OriginLink::keep(const std::string& key) {
  const net::Stream& stream = *stream_;
  if (stream.may_read() || stream.saw_end() || stream.has_failed() || !stream.is_flushed()) {
    return close();
  }
  stream_->set_listener(nullptr);
  context_.pool.keep(key, {std::move(stream_), address_});
}

void OriginLink::close() {
  end_dial();
  if (stream_ != nullptr) {
    stream_->close();
    context_.dial.loop.retire(std::move(stream_));
    live::subtract(context_.open_connections, 1);
  }
}

}  // namespace weir::session
