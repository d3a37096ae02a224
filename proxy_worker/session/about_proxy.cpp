#include "proxy_worker/session/about_proxy.h"

#include "proxy_worker/http1/head_writer.h"

namespace weir::session {

Answer answer_about_proxy(const http1::RequestHead& head) {
  Answer answer{.reason = Reason::AnsweredByProxy};
  if (head.method == "TRACE") {
    http1::write_trace(head, answer.content);
  }
  return answer;
}

}  // namespace weir::session
