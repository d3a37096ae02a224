#include "proxy_worker/session/transaction.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::session {

namespace {

constexpr std::size_t kIdleMax = 256;
// A transaction that has grown beyond this gives its memory back to the system instead.
constexpr std::size_t kKeptBytesMax = 16 * 1024;

bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace

bool Transaction::is_repeatable() const {
  return is_idempotent(method()) && request_framing.kind == http1::BodyKind::None;
}

bool Transaction::may_retry() const {
  return used_kept_connection && !was_retried && !exchange.response().has_begun() && is_repeatable();
}

void Transaction::clear() {
  target.path_and_query = {};
  target.authority_text = {};
  request_framing = {};
  client_minor_version = 1;
  client_keeps_alive = false;
  wants_upgrade = false;
  prefers_json = false;
  is_for_proxy = false;
  max_forwards.reset();
  is_known_client = false;
  is_logged_in = false;
  is_counted_tunnel = false;
  charged_bytes = 0;
  origin_key.clear();
  origin_head.clear();
  early_body.clear();
  used_kept_connection = false;
  was_retried = false;
  departure = Departure::Unasked;
  tunnel.reset();
  hello.reset();
  event.Clear();
  slot = nullptr;
  reason = Reason::None;
}

std::unique_ptr<Transaction> TransactionPool::take() {
  if (idle_.empty()) {
    return std::make_unique<Transaction>();
  }
  std::unique_ptr<Transaction> transaction = std::move(idle_.back());
  idle_.pop_back();
  return transaction;
}

void TransactionPool::give_back(std::unique_ptr<Transaction> transaction) {
  const std::size_t bytes = transaction->event.ByteSizeLong() + transaction->early_body.capacity() + transaction->origin_head.capacity();
  if (idle_.size() < kIdleMax && bytes <= kKeptBytesMax) {
    transaction->clear();
    idle_.push_back(std::move(transaction));
  }
}

}  // namespace weir::session
