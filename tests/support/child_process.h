// A forked child of a test and memory that it shares with its parent.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <stdexcept>
#include <utility>

namespace weir::tests {

// Runs `body` in a child process; kills and reaps it when it goes out of scope. The test has one thread.
class ChildProcess {
 public:
  template <class Body>
  explicit ChildProcess(Body body) : pid_(::fork()) {
    if (pid_ < 0) {
      throw std::runtime_error("cannot fork");
    }
    if (pid_ == 0) {
      body();
      ::_exit(0);
    }
  }
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~ChildProcess() {
    if (pid_ > 0) {
      kill();
    }
  }

  pid_t pid() const { return pid_; }
  // True when it ended by itself, with status 0.
  bool wait() {
    int status = 0;
    const bool is_reaped = ::waitpid(std::exchange(pid_, -1), &status, 0) > 0;
    return is_reaped && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  void kill() {
    begin_to_kill();
    wait();
  }
  // Sends the signal only: a process that has no turn takes a while to die.
  void begin_to_kill() { ::kill(pid_, SIGKILL); }

 private:
  pid_t pid_;
};

// A zeroed T that parent and children share.
template <class T>
class Shared {
 public:
  Shared() {
    void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::bad_alloc();
    }
    value_ = static_cast<T*>(memory);
  }
  ~Shared() { ::munmap(value_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

}  // namespace weir::tests
