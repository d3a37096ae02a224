// Checks logins without holding up the event loop: verified ones are remembered for a while, the others go to a thread
// that has the time which a password hash takes. Owned by the worker; everything but the hashing is on the loop's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/base/unique_fd.h"
#include "proxy_worker/login/password_file.h"
#include "proxy_worker/net/event_loop.h"

namespace weir::login {

enum class LoginResult { Accepted, Refused, Pending, Overloaded };

class LoginChecker : private net::IoListener {
 public:
  // Waits for one answer; destroying or cancelling it gives the question up.
  class Query {
   public:
    Query() = default;
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    virtual ~Query() { cancel(); }
    void cancel();

   protected:
    // Accepted or Refused; never called from inside check().
    virtual void on_checked(LoginResult result) = 0;

   private:
    friend class LoginChecker;
    LoginChecker* checker_ = nullptr;
    std::string key_;
  };

  LoginChecker(net::EventLoop& loop, PasswordFile users);
  ~LoginChecker();

  // Pending: the query hears of it later. Overloaded: too many wait already.
  LoginResult check(const Credentials& credentials, Query& query);
  // From now on these may log in; what was remembered is forgotten.
  void replace(PasswordFile users);

 private:
  struct Question {
    std::string key;
    Credentials credentials;
    std::shared_ptr<const PasswordFile> users;  // shared with the thread: a replaced file lives until its last check ends
    bool is_accepted = false;
  };
  struct Remembered {
    bool is_accepted = false;
    net::TimePoint expires{};
  };

  void on_io(net::Readiness readiness) override;
  void hash_passwords();
  void take_answer(const Question& answer);
  void forget_query(Query& query);
  void remember(const Question& answer);

  net::EventLoop& loop_;
  std::shared_ptr<const PasswordFile> users_;
  std::unordered_map<std::string, Remembered> remembered_;
  std::unordered_map<std::string, std::vector<Query*>> waiting_;
  std::vector<Query*> answering_;  // of the question whose answer is being told
  base::UniqueFd wake_;  // eventfd: answers are there

  std::mutex mutex_;  // of what follows
  std::condition_variable has_work_;
  std::deque<Question> questions_;
  std::deque<Question> answers_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace weir::login
