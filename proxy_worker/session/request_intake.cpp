#include "proxy_worker/session/request_intake.h"

#include <string>
#include <utility>

#include "proxy_worker/http1/head_writer.h"
#include "proxy_worker/login/basic_credentials.h"
#include "proxy_worker/session/about_proxy.h"
#include "proxy_worker/session/request_review.h"
#include "proxy_worker/session/traffic_record.h"

namespace weir::session {

RequestIntake::Verdict RequestIntake::judge(std::string_view head_text, Transaction& transaction, Answer& answer) {
  http1::RequestHead& head = context_.request_head;
  if (const auto error = http1::parse_request_head(head_text, head); error != http1::HeadError::None) {
    answer = {.reason = reason_of(error), .detail = std::string(http1::describe(error)) + "."};
    return Verdict::Answer;
  }
  auto reply = review_request(head, transaction);
  transaction.exchange.start(transaction.request_framing);
  if (transaction.slot == nullptr) {
    follow(transaction);
  }
  bool is_login_pending = false;
  if (!reply) {
    reply = admit(transaction, is_login_pending);
  }
  if (is_login_pending) {
    return Verdict::AwaitLogin;
  }
  if (!reply && transaction.is_for_proxy) {
    reply = answer_about_proxy(head);
  }
  if (reply) {
    answer = std::move(*reply);
    return Verdict::Answer;
  }
  return transaction.is_tunnel_request() ? Verdict::OpenTunnel : Verdict::Forward;
}

// Before the client can be sent anything.
void RequestIntake::follow(Transaction& transaction) {
  const http1::RequestHead& head = context_.request_head;
  transaction.slot = context_.log.begin(transaction.event);
  if (context_.keeps_heads()) {
    std::string& text = *transaction.event.mutable_incoming_head();
    text.clear();
    http1::write_masked(http1::start_line(head.text), head.fields, text);
  }
}

std::optional<Answer> RequestIntake::admit(Transaction& transaction, bool& is_login_pending) {
  auto refusal = gate_.admit_client(transaction);
  if (!refusal && !transaction.is_logged_in && context_.logins != nullptr) {
    refusal = admit_user(transaction, is_login_pending);
  }
  return refusal || is_login_pending ? refusal : gate_.admit_destination(transaction);
}

std::optional<Answer> RequestIntake::admit_user(Transaction& transaction, bool& is_pending) {
  const http1::Field* field = http1::find_field(context_.request_head.fields, http1::FieldId::ProxyAuthorization);
  const auto credentials = field != nullptr ? login::parse_basic_credentials(field->value) : std::nullopt;
  if (!credentials) {
    return Answer{.reason = Reason::LoginRequired};
  }
  transaction.event.set_user(credentials->user);
  switch (context_.logins->check(*credentials, login_)) {
    case login::LoginResult::Accepted:
      transaction.is_logged_in = true;
      return std::nullopt;
    case login::LoginResult::Refused:
      return Answer{.reason = Reason::LoginRefused};
    case login::LoginResult::Overloaded:
      return Answer{.reason = Reason::LoginOverloaded};
    case login::LoginResult::Pending:
      is_pending = true;
      return std::nullopt;
  }
  return std::nullopt;
}

void RequestIntake::write_for_origin(Transaction& transaction) {
  const http1::RequestForm form{.target = transaction.target,
                                .framing = transaction.request_framing,
                                .upgrade = transaction.wants_upgrade ? http1::UpgradeField::Kept : http1::UpgradeField::Dropped,
                                .max_forwards = transaction.max_forwards};
  proto::TrafficEvent& event = transaction.event;
  if (context_.keeps_heads()) {
    http1::write_request_head(context_.request_head, form, transaction.origin_head,
                              http1::ChangeLog{event.incoming_head(), transaction.head_changes});
    enter_changes(transaction.head_changes, *event.mutable_modified_head());
  } else {
    http1::write_request_head(context_.request_head, form, transaction.origin_head);
  }
}

}  // namespace weir::session
