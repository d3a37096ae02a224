#include "tests/simulation/disk.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>

#include "tests/simulation/faults.h"

namespace weir::simulation {

namespace {

// What becomes of one write: how many of its octets are written, and the error when that is not all.
struct Fortune {
  std::size_t octets = 0;
  int error = 0;
};

Fortune fortune_of(std::size_t octets) {
  Faults& world = faults();
  if (world.running == nullptr) {
    return {octets, 0};
  }
  if (world.running->is_dead()) {
    return {0, EIO};
  }
  if (world.running->is_killed_in(kTornWrite)) {
    return {octets / 2, EIO};
  }
  // What lies within the blocks that a file has may still be written.
  if (world.is_disk_full && !world.random.is_one_of(4)) {
    return {world.random.is_one_of(2) ? 0 : octets / 2, ENOSPC};
  }
  return {octets, 0};
}

bool is_running_dead() { return faults().running != nullptr && faults().running->is_dead(); }

// A process that dies in the middle of a write never hears of it; any other is told how much was written.
template <class Write>
ssize_t write_as_far(std::size_t octets, Write write) {
  const Fortune fortune = fortune_of(octets);
  if (fortune.octets > 0 && write(fortune.octets) < 0) {
    return -1;
  }
  if (fortune.error != 0 && (fortune.octets == 0 || is_running_dead())) {
    errno = fortune.error;
    return -1;
  }
  return static_cast<ssize_t>(fortune.octets);
}

ssize_t write_at(int fd, const void* octets, std::size_t count, off_t offset) {
  return write_as_far(count, [&](std::size_t part) { return ::syscall(SYS_pwrite64, fd, octets, part, offset); });
}

ssize_t write_on(int fd, const void* octets, std::size_t count) {
  return write_as_far(count, [&](std::size_t part) { return ::syscall(SYS_write, fd, octets, part); });
}

int set_length(int fd, off_t length) {
  if (is_running_dead()) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_ftruncate, fd, length));
}

int remove_name(const char* path) {
  if (is_running_dead()) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_unlink, path));
}

int leave_out_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

template <class Function>
void replace(sqlite3_vfs& vfs, const char* name, Function* function) {
  vfs.xSetSystemCall(&vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(function));
}

}  // namespace

void put_disk_under_sqlite() {
  static std::optional<sqlite3_vfs> sleepless;
  if (sleepless) {
    return;
  }
  sqlite3_vfs* unix_vfs = ::sqlite3_vfs_find("unix");
  replace(*unix_vfs, "pwrite", &write_at);
  replace(*unix_vfs, "pwrite64", &write_at);
  replace(*unix_vfs, "write", &write_on);
  replace(*unix_vfs, "ftruncate", &set_length);
  replace(*unix_vfs, "unlink", &remove_name);
  sleepless = *unix_vfs;
  sleepless->zName = "weir-simulation";
  sleepless->xSleep = &leave_out_sleep;
  ::sqlite3_vfs_register(&*sleepless, 1);
}

}  // namespace weir::simulation

// The product's own calls: a program's definition of a function comes before the C library's.
extern "C" {

ssize_t write(int fd, const void* octets, size_t count) { return weir::simulation::write_on(fd, octets, count); }

ssize_t pwrite(int fd, const void* octets, size_t count, off_t offset) { return weir::simulation::write_at(fd, octets, count, offset); }

int ftruncate(int fd, off_t length) noexcept { return weir::simulation::set_length(fd, length); }

int truncate(const char* path, off_t length) noexcept {
  if (weir::simulation::is_running_dead()) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_truncate, path, length));
}

int posix_fallocate(int fd, off_t offset, off_t length) {
  if (weir::simulation::faults().running != nullptr && weir::simulation::faults().is_disk_full) {
    return ENOSPC;
  }
  return ::syscall(SYS_fallocate, fd, 0, offset, length) == 0 ? 0 : errno;
}

}  // extern "C"
