#include "proxy_worker/login/login_checker.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace weir::login {

namespace {

constexpr std::size_t kWaitingMax = 256;      // different logins at once
constexpr std::size_t kRememberedMax = 10'000;
constexpr std::chrono::minutes kAcceptedFor{10};
constexpr std::chrono::seconds kRefusedFor{5};
constexpr int kNiceness = 4;  // of the thread, more than the worker's: traffic goes first, but logins do not starve

// A user's name ends at the first colon, so this is one to one.
std::string key_of(const Credentials& credentials) { return credentials.user + ":" + credentials.password; }

}  // namespace

LoginChecker::LoginChecker(net::EventLoop& loop, PasswordFile users)
    : loop_(loop), users_(std::make_shared<const PasswordFile>(std::move(users))), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  loop_.watch_level(wake_.value(), *this, net::EventLoop::Interest::Read);
  thread_ = std::thread([this] { hash_passwords(); });
}

LoginChecker::~LoginChecker() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    questions_.clear();
  }
  has_work_.notify_one();
  thread_.join();
  loop_.forget(wake_.value());
  for (auto& [key, queries] : waiting_) {
    for (Query* query : queries) {
      query->checker_ = nullptr;
    }
  }
}

void LoginChecker::Query::cancel() {
  if (checker_ != nullptr) {
    checker_->forget_query(*this);
  }
}

LoginResult LoginChecker::check(const Credentials& credentials, Query& query) {
  const std::string key = key_of(credentials);
  if (const auto known = remembered_.find(key); known != remembered_.end() && known->second.expires > loop_.now()) {
    return known->second.is_accepted ? LoginResult::Accepted : LoginResult::Refused;
  }
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) {
    if (waiting_.size() >= kWaitingMax) {
      return LoginResult::Overloaded;
    }
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back({.key = key, .credentials = credentials, .users = users_});
    }
    has_work_.notify_one();
  }
  query.checker_ = this;
  query.key_ = key;
  waiting_[key].push_back(&query);
  return LoginResult::Pending;
}

void LoginChecker::replace(PasswordFile users) {
  users_ = std::make_shared<const PasswordFile>(std::move(users));
  remembered_.clear();
}

// The thread.
void LoginChecker::hash_passwords() {
  const int own = ::getpriority(PRIO_PROCESS, 0);
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), own + kNiceness);
  std::unique_lock lock(mutex_);
  while (true) {
    has_work_.wait(lock, [this] { return is_ending_ || !questions_.empty(); });
    if (is_ending_) {
      return;
    }
    Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    question.is_accepted = question.users->accepts(question.credentials);
    lock.lock();
    answers_.push_back(std::move(question));
    const std::uint64_t one = 1;
    (void)!::write(wake_.value(), &one, sizeof one);
  }
}

void LoginChecker::on_io(net::Readiness) {
  std::uint64_t count = 0;
  (void)!::read(wake_.value(), &count, sizeof count);
  std::deque<Question> answers;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
  }
  for (const Question& answer : answers) {
    take_answer(answer);
  }
}

void LoginChecker::take_answer(const Question& answer) {
  if (answer.users == users_) {
    remember(answer);
  }
  const auto found = waiting_.find(answer.key);
  answering_.swap(found->second);
  waiting_.erase(found);
  // A listener may ask again, or give up another query.
  while (!answering_.empty()) {
    Query* query = answering_.back();
    answering_.pop_back();
    query->checker_ = nullptr;
    query->on_checked(answer.is_accepted ? LoginResult::Accepted : LoginResult::Refused);
  }
}

void LoginChecker::remember(const Question& answer) {
  if (remembered_.size() >= kRememberedMax) {
    std::erase_if(remembered_, [this](const auto& item) { return item.second.expires <= loop_.now(); });
    if (remembered_.size() >= kRememberedMax) {
      remembered_.clear();  // All of them are fresh: they are checked once more.
    }
  }
  const auto lasts = answer.is_accepted ? std::chrono::duration_cast<std::chrono::seconds>(kAcceptedFor) : kRefusedFor;
  remembered_[answer.key] = {answer.is_accepted, loop_.now() + lasts};
}

void LoginChecker::forget_query(Query& query) {
  query.checker_ = nullptr;
  std::erase(answering_, &query);
  // The question stays: its answer is remembered.
  if (const auto found = waiting_.find(query.key_); found != waiting_.end()) {
    std::erase(found->second, &query);
  }
}

}  // namespace weir::login
