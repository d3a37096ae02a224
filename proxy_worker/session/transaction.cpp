#include "proxy_worker/session/transaction.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::session {

void Transaction::clear() {
  target.path_and_query = {};
  request_framing = {};
  client_minor_version = 1;
  client_keeps_alive = false;
  wants_upgrade = false;
  prefers_json = false;
  expects_continue = false;
  origin_key.clear();
  origin_head.clear();
  early_body.clear();
  used_pooled_connection = false;
  was_retried = false;
  event.Clear();
  reason = Reason::None;
}

bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace weir::session
