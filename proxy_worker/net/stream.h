// One connected, non-blocking TCP socket on the event loop. Remembers what epoll said, so that no system call is made
// to find out; keeps what the other side would not take yet (the spill), which is empty nearly always.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/net/socket.h"

namespace weir::net {

class Stream : public Retirable, private IoListener {
 public:
  class Listener {
   public:
    // Something about the stream has changed: octets or an end to read, room to write, or a failure.
    virtual void on_stream(Stream& stream) = 0;

   protected:
    ~Listener() = default;
  };

  enum class ReadResult : std::uint8_t { Bytes, WouldBlock, End, Failed };

  Stream(EventLoop& loop, base::UniqueFd fd);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() override { close(); }

  // Who hears of it; nullptr: nobody. Until the first listener nothing is watched.
  void set_listener(Listener* listener);

  // Reads once into `buffer`; Bytes: `bytes` says how many.
  ReadResult read(std::span<char> buffer, std::size_t& bytes);
  bool may_read() const { return readable_ && !read_ended_; }
  // The other side has sent its last octet (it may not all be read yet).
  bool saw_end() const { return end_seen_; }
  // Writing has failed, by a reset or otherwise. What arrived before it can still be read.
  bool has_failed() const { return failed_; }
  bool has_read_ended() const { return read_ended_; }
  int error() const { return error_; }

  // Writes the parts in order; what does not fit now is kept in the spill and follows by itself. After a failure
  // everything is dropped.
  void write(std::initializer_list<std::string_view> parts);
  // Writes on from the spill; called by the stream itself when there is room.
  void flush();
  std::size_t spill_bytes() const { return spill_.size() - spill_begin_; }
  bool is_flushed() const { return spill_bytes() == 0; }
  // Something that was to be written never reached the kernel.
  bool has_lost_output() const { return lost_output_; }
  std::size_t spill_memory_bytes() const { return spill_.capacity(); }
  // Octets that the kernel has taken, in all.
  std::uint64_t written_bytes() const { return written_bytes_; }

  // Sends an end after everything written so far.
  void finish_writing();
  bool has_finished_writing() const { return finish_sent_; }

  bool is_open() const { return fd_.is_open(); }
  int fd() const { return fd_.value(); }
  void close();
  // Closes with a reset: the other side learns that what it got is not complete.
  void abort();

 private:
  void on_io(Readiness readiness) override;
  void drop_sent_spill();
  void fail_writing(int error);

  EventLoop& loop_;
  base::UniqueFd fd_;
  Listener* listener_ = nullptr;
  std::string spill_;
  std::size_t spill_begin_ = 0;
  std::uint64_t written_bytes_ = 0;
  int error_ = 0;
  bool watched_ = false;
  bool readable_ = false;
  bool writable_ = true;
  bool end_seen_ = false;
  bool read_ended_ = false;
  bool failed_ = false;
  bool lost_output_ = false;
  bool finish_wanted_ = false;
  bool finish_sent_ = false;
};

}  // namespace weir::net
