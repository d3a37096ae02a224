// Preloaded into a program under test (LD_PRELOAD): writes one line "PID WHAT FILE" to the file that WEIR_TEST_SYNC_LOG
// names, for each write to a file, each wait for the disk, and each message that is sent. The order of the lines is the
// order of the calls.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int log_fd() {
  static const int fd = [] {
    const char* path = std::getenv("WEIR_TEST_SYNC_LOG");
    return path != nullptr ? ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  }();
  return fd;
}

void note(const char* what, int file) {
  const int code = errno;
  std::array<char, 64> link;
  std::array<char, 4096> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  const ssize_t length = file >= 0 ? ::readlink(link.data(), path.data(), path.size() - 1) : 0;
  std::array<char, 4200> line;
  if (file < 0 || (length > 0 && path[0] == '/')) {
    const int bytes = std::snprintf(line.data(), line.size(), "%d %s %s\n", static_cast<int>(::getpid()), what, path.data());
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    (void)!real(log_fd(), line.data(), static_cast<size_t>(bytes));
  }
  errno = code;
}

}  // namespace

extern "C" {

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  const int result = real(fd);
  note("sync", fd);
  return result;
}

int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  const int result = real(fd);
  note("sync", fd);
  return result;
}

ssize_t write(int fd, const void* bytes, size_t count) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  note("write", fd);
  return real(fd, bytes, count);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  note("write", fd);
  return real(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  note("write", fd);
  return real(fd, bytes, count, offset);
}

// libzmq's; declared here so that the library is not needed.
int zmq_msg_send(void* message, void* socket, int flags) {
  static const auto real = next<int (*)(void*, void*, int)>("zmq_msg_send");
  note("send", -1);
  return real(message, socket, flags);
}

int zmq_send(void* socket, const void* bytes, size_t count, int flags) {
  static const auto real = next<int (*)(void*, const void*, size_t, int)>("zmq_send");
  note("send", -1);
  return real(socket, bytes, count, flags);
}

}  // extern "C"
