// Where a client's requests are let through or refused, in order: room for the record, the client's address, its rate, what
// it has open and has moved; then (after the login) the port of a tunnel, its number, the host. And where what a client
// moves is charged to it. Owned by a ClientSession.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "proxy_worker/session/answer.h"
#include "proxy_worker/session/session_context.h"
#include "proxy_worker/session/traffic_record.h"

namespace weir::session {

class Gate {
 public:
  // Both outlive the gate.
  Gate(SessionContext& context, const ClientIdentity& identity) : context_(context), identity_(identity) {}

  // Nothing: it may go on. Counts the request, so once for each.
  std::optional<Answer> admit_client(Transaction& transaction);
  std::optional<Answer> admit_destination(Transaction& transaction);
  // The request is over.
  void end(Transaction& transaction);

  // Charges what was moved since the last time; how long the client is to pause.
  std::chrono::microseconds charge(const traffic::ByteCount& so_far, Transaction& transaction);
  // For reading: who is paced moves less in one go, so that its pauses are short.
  std::span<char> buffer() const;

 private:
  std::optional<Answer> admit_use(Transaction& transaction);
  bool is_over_tunnels(Transaction& transaction);
  Answer refusal_of(const Verdict& verdict, Transaction& transaction) const;

  SessionContext& context_;
  const ClientIdentity& identity_;
};

}  // namespace weir::session
