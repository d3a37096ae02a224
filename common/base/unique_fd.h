// Owner of one file descriptor: closes it when it goes out of scope. Any process, any thread.
#pragma once

#include <utility>

namespace weir::base {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset(std::exchange(other.fd_, -1));
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int value() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  // Gives the descriptor away; the caller closes it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  // Closes what is held and takes `fd` (-1: nothing).
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace weir::base
