// Decides what becomes of a request head: parsed, reviewed, entered in the in-flight table, let through the gate, its user's
// login checked; and writes it anew for the origin. Owned by a ClientSession.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy_worker/login/login_checker.h"
#include "proxy_worker/session/gate.h"

namespace weir::session {

class RequestIntake {
 public:
  enum class Verdict : std::uint8_t {
    Answer,      // it goes no further
    AwaitLogin,  // the password is being hashed; then the same head is to be judged again
    OpenTunnel,
    Forward,
  };

  // All outlive the object; `login` hears of what AwaitLogin waits for.
  RequestIntake(SessionContext& context, Gate& gate, login::LoginChecker::Query& login) : context_(context), gate_(gate), login_(login) {}

  // With Answer, says in `answer` what the client is told.
  Verdict judge(std::string_view head_text, Transaction& transaction, Answer& answer);

  // After Forward: the head that the origin is sent.
  void write_for_origin(Transaction& transaction);

 private:
  void follow(Transaction& transaction);
  std::optional<Answer> admit(Transaction& transaction, bool& is_login_pending);
  std::optional<Answer> admit_user(Transaction& transaction, bool& is_pending);

  SessionContext& context_;
  Gate& gate_;
  login::LoginChecker::Query& login_;
};

}  // namespace weir::session
