#include "proxy_worker/traffic/spool_sync.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/disk_sync.h"
#include "common/base/log.h"

namespace weir::traffic {

SpoolSync::SpoolSync(net::EventLoop& loop, const Spool& spool)
    : loop_(loop), spool_(spool), synced_sequence_(spool.acknowledged()), done_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  loop_.watch_level(done_.value(), *this, net::EventLoop::Interest::Read);
  thread_ = std::thread([this] { run(); });
}

SpoolSync::~SpoolSync() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
  loop_.forget(done_.value());
  if (std::string error; !sync(next_job(), error)) {
    base::log_error(error);
  }
}

SpoolSync::Job SpoolSync::next_job() const { return {spool_.files_behind(synced_sequence()), spool_.next_sequence() - 1}; }

std::uint64_t SpoolSync::synced_sequence() const { return std::max(synced_sequence_, spool_.acknowledged()); }

void SpoolSync::request() {
  if (is_busy_) {
    is_wanted_ = true;
    return;
  }
  Job job = next_job();
  if (job.last_sequence <= synced_sequence()) {
    return;
  }
  is_busy_ = true;
  {
    const std::lock_guard lock(mutex_);
    job_ = std::move(job);
  }
  changed_.notify_one();
}

void SpoolSync::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_ending_ || job_; });
    if (!job_) {
      return;
    }
    const Job job = *job_;
    lock.unlock();
    std::string error;
    (void)sync(job, error);
    lock.lock();
    error_ = std::move(error);
    synced_to_ = error_.empty() ? job.last_sequence : 0;
    job_.reset();
    constexpr std::uint64_t kOne = 1;
    (void)!::write(done_.value(), &kOne, sizeof kOne);
  }
}

bool SpoolSync::sync(const Job& job, std::string& error) {
  bool has_new_names = false;
  for (const std::filesystem::path& path : job.files) {
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.is_open() && errno == ENOENT) {
      continue;  // The collector has had all of it, or it had to make room.
    }
    if (!fd.is_open() || !base::sync_file(fd.value())) {
      error = path.string() + ": cannot sync: " + std::strerror(errno);
      return false;
    }
    has_new_names = has_new_names || !known_files_.contains(path);
  }
  if (has_new_names) {
    const std::filesystem::path folder = job.files.front().parent_path();
    for (const std::filesystem::path& at : {folder, folder.parent_path(), folder.parent_path().parent_path()}) {
      if (!base::sync_folder(at, error)) {
        return false;
      }
    }
  }
  known_files_ = {job.files.begin(), job.files.end()};
  return true;
}

void SpoolSync::on_io(net::Readiness) {
  std::uint64_t count = 0;
  (void)!::read(done_.value(), &count, sizeof count);
  std::string error;
  {
    const std::lock_guard lock(mutex_);
    error = std::exchange(error_, {});
    synced_sequence_ = std::max(synced_sequence_, std::exchange(synced_to_, 0));
  }
  is_busy_ = false;
  if (!error.empty() && !has_failed_) {
    base::log_error(error + "; records wait until it works");
  }
  has_failed_ = !error.empty();
  if (std::exchange(is_wanted_, false) && !has_failed_) {
    request();
  }
  if (listener_ != nullptr) {
    listener_->on_synced();
  }
}

}  // namespace weir::traffic
