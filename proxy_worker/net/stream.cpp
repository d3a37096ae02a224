#include "proxy_worker/net/stream.h"

#include <sys/uio.h>

#include <array>

namespace weir::net {

namespace {

constexpr std::size_t kPartsMax = 8;
// A drained spill larger than this gives its memory back.
constexpr std::size_t kSpillKeptBytes = 4096;

}  // namespace

Stream::Stream(EventLoop& loop, base::UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {}

void Stream::set_listener(Listener* listener) {
  listener_ = listener;
  if (!watched_ && listener != nullptr) {
    watched_ = true;
    loop_.watch_edges(fd_.value(), *this);
  }
}

Stream::ReadResult Stream::read(std::span<char> buffer, std::size_t& bytes) {
  bytes = 0;
  const IoResult result = read_socket(fd_.value(), buffer);
  switch (result.kind) {
    case IoResult::Kind::Progress:
      bytes = result.bytes;
      // A short read has drained the socket: epoll tells of more. Behind a seen end, only a read of 0 is the last.
      readable_ = result.bytes == buffer.size() || end_seen_;
      return ReadResult::Bytes;
    case IoResult::Kind::WouldBlock:
      readable_ = false;
      return ReadResult::WouldBlock;
    case IoResult::Kind::End:
      end_seen_ = true;
      read_ended_ = true;
      // Asking a socket for its error takes the error away, and the end is all that a read sees then.
      return error_ == 0 ? ReadResult::End : ReadResult::Failed;
    case IoResult::Kind::Failed:
      read_ended_ = true;
      fail_writing(result.error);
      return ReadResult::Failed;
  }
  return ReadResult::Failed;
}

void Stream::write(std::initializer_list<std::string_view> parts) {
  if (failed_ || !is_open()) {
    lost_output_ = true;
    return;
  }
  std::size_t taken = 0;
  if (is_flushed() && writable_) {
    std::array<iovec, kPartsMax> vectors;
    std::size_t count = 0;
    std::size_t total = 0;
    for (const std::string_view part : parts) {
      if (!part.empty()) {
        vectors[count++] = {const_cast<char*>(part.data()), part.size()};
        total += part.size();
      }
    }
    if (count == 0) {
      return;
    }
    const IoResult result = write_socket(fd_.value(), std::span(vectors.data(), count));
    if (result.kind == IoResult::Kind::Failed) {
      lost_output_ = true;
      return fail_writing(result.error);
    }
    taken = result.bytes;
    written_bytes_ += taken;
    writable_ = taken == total;
  }
  drop_sent_spill();
  for (const std::string_view part : parts) {
    if (taken < part.size()) {
      spill_.append(part.substr(taken));
      taken = 0;
    } else {
      taken -= part.size();
    }
  }
}

// A spill that is never quite empty must not grow by what was sent from it. Moving the rest is worth it once it is the
// smaller part: each octet is then moved at most once for one that was sent.
void Stream::drop_sent_spill() {
  if (spill_begin_ > spill_bytes()) {
    spill_.erase(0, spill_begin_);
    spill_begin_ = 0;
  }
}

void Stream::flush() {
  while (!failed_ && writable_ && !is_flushed()) {
    const iovec rest{spill_.data() + spill_begin_, spill_bytes()};
    const IoResult result = write_socket(fd_.value(), std::span(&rest, 1));
    if (result.kind == IoResult::Kind::Failed) {
      return fail_writing(result.error);
    }
    writable_ = result.bytes == rest.iov_len;
    spill_begin_ += result.bytes;
    written_bytes_ += result.bytes;
  }
  if (is_flushed() && spill_begin_ != 0) {
    spill_begin_ = 0;
    if (spill_.capacity() > kSpillKeptBytes) {
      std::string().swap(spill_);
    } else {
      spill_.clear();
    }
  }
  if (is_flushed() && finish_wanted_ && !finish_sent_ && !failed_ && is_open()) {
    finish_sent_ = true;
    shutdown_write(fd_.value());
  }
}

void Stream::finish_writing() {
  finish_wanted_ = true;
  flush();
}

void Stream::fail_writing(int error) {
  failed_ = true;
  error_ = error;
  lost_output_ = lost_output_ || !is_flushed();
  spill_.clear();
  spill_begin_ = 0;
}

void Stream::close() {
  listener_ = nullptr;
  fd_.reset();
}

void Stream::abort() {
  if (is_open()) {
    reset_on_close(fd_.value());
  }
  close();
}

void Stream::on_io(Readiness readiness) {
  if (!is_open()) {
    return;  // An event of this turn that came before the close.
  }
  readable_ = readable_ || readiness.readable;
  end_seen_ = end_seen_ || readiness.read_closed;
  if (readiness.writable) {
    writable_ = true;
    flush();
  }
  if (readiness.failed && !failed_) {
    if (const int error = connect_outcome(fd_.value()); error != 0) {
      fail_writing(error);  // What has arrived before the reset can still be read.
    }
  }
  if (listener_ != nullptr) {
    listener_->on_stream(*this);
  }
}

}  // namespace weir::net
