// What all client sessions of a worker share; the worker owns it and outlives them.
#pragma once

#include <chrono>
#include <span>
#include <string_view>

#include "common/live/counters.h"
#include "common/options/settings.h"
#include "common/policy/client_use.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/http1/http_date.h"
#include "proxy_worker/login/login_checker.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/session/admission.h"
#include "proxy_worker/session/origin_link.h"
#include "proxy_worker/session/transaction.h"
#include "proxy_worker/traffic/traffic_log.h"

namespace weir::session {

struct SessionContext {
  const options::Settings& settings;
  net::EventLoop& loop;
  OriginLink::Context origins;
  Admission& admission;
  traffic::TrafficLog& log;
  live::WorkerCounters& counters;
  // Whatever is read passes through here, one read at a time.
  std::span<char> buffer;
  http1::RequestHead request_head;    // scratch: valid while one head is handled
  http1::ResponseHead response_head;  // likewise
  TransactionPool transactions;
  bool is_draining = false;
  login::LoginChecker* logins = nullptr;  // nullptr: nobody has to log in
  policy::ClientUse* client_use = nullptr;  // nullptr: no client's use is limited
  http1::HttpDate http_date;

  // Of now, as an HTTP field says it. Valid until the next call.
  std::string_view date() { return http_date.text(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())); }
  bool keeps_heads() const { return settings.records && settings.json_logs; }
};

}  // namespace weir::session
