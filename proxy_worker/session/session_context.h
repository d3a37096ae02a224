// What all client sessions of a worker share; the worker owns it and outlives them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "common/live/counters.h"
#include "common/options/settings.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/net/origin_dialer.h"
#include "proxy_worker/net/origin_pool.h"
#include "proxy_worker/session/admission.h"
#include "proxy_worker/session/transaction.h"
#include "proxy_worker/traffic/traffic_log.h"

namespace weir::session {

class ClientSession;

// Transactions that wait for their next request.
class TransactionPool {
 public:
  std::unique_ptr<Transaction> take();
  void give_back(std::unique_ptr<Transaction> transaction);

 private:
  std::vector<std::unique_ptr<Transaction>> idle_;
};

struct SessionContext {
  const options::Settings& settings;
  net::EventLoop& loop;
  net::DialContext& dial;
  net::OriginPool& pool;
  Admission& admission;
  traffic::TrafficLog& log;
  live::WorkerCounters& counters;
  // Whatever is read passes through here, one read at a time.
  std::span<char> buffer;
  http1::RequestHead request_head;    // scratch: valid while one head is handled
  http1::ResponseHead response_head;  // likewise
  TransactionPool transactions;
  bool is_draining = false;
};

}  // namespace weir::session
