// Preloaded into a program under test (LD_PRELOAD): shifts its wall clock by as many seconds as the file says that
// WEIR_TEST_CLOCK names (8 octets, a signed number, read anew each time). The monotonic clock stays as it is.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

std::int64_t shift_s() {
  static const volatile std::int64_t* const mapped = []() -> const volatile std::int64_t* {
    const char* path = std::getenv("WEIR_TEST_CLOCK");
    const int fd = path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
    void* memory = fd >= 0 ? ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0) {
      ::close(fd);
    }
    return memory != MAP_FAILED ? static_cast<const volatile std::int64_t*>(memory) : nullptr;
  }();
  return mapped != nullptr ? *mapped : 0;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto real = reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME) {
    now->tv_sec += shift_s();
  }
  return result;
}

int gettimeofday(timeval* __restrict now, void* __restrict zone) noexcept {
  static const auto real = reinterpret_cast<int (*)(timeval*, void*)>(::dlsym(RTLD_NEXT, "gettimeofday"));
  const int result = real(now, zone);
  if (result == 0) {
    now->tv_sec += shift_s();
  }
  return result;
}

time_t time(time_t* where) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (where != nullptr) {
    *where = now.tv_sec;
  }
  return now.tv_sec;
}

}  // extern "C"
