#include "proxy_worker/session/tls_watch.h"

#include <algorithm>

#include "proxy_worker/http1/character.h"
#include "proxy_worker/session/traffic_record.h"

namespace weir::session {

Reason judge_hello(const tls::ClientHello& hello, const Admission& admission, Transaction& transaction) {
  proto::TrafficEvent& event = transaction.event;
  event.set_tls_server_name(hello.server_name);
  event.set_tls_alpn(hello.alpn);
  event.set_tls_version(hello.version);
  if (hello.server_name.empty()) {
    return Reason::None;
  }
  std::string name(hello.server_name);
  std::transform(name.begin(), name.end(), name.begin(), http1::to_lower);
  if (name.back() == '.') {
    name.pop_back();
  }
  const http1::Authority& asked = transaction.target.authority;
  if (name == asked.host) {
    return Reason::None;
  }
  const Verdict verdict = admission.judge_host(name);
  enter_rule(verdict, event);
  if (verdict.reason != Reason::None) {
    return Reason::TlsNameBlocked;
  }
  return asked.literal ? Reason::None : Reason::TlsNameDiffers;
}

std::string tls_refusal() { return std::string("\x15\x03\x03\x00\x02\x02\x31", 7); }

}  // namespace weir::session
