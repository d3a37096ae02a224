#include "tests/simulation/drawn_event.h"

#include <array>
#include <string>

namespace weir::simulation {

proto::TrafficEvent draw_event(std::uint64_t number, std::int64_t started_at_us, Random& random) {
  static constexpr std::array<const char*, 4> kHosts{"a.example", "b.example", "c.example", ""};
  proto::TrafficEvent event;
  event.set_started_at_us(static_cast<std::uint64_t>(started_at_us));
  event.set_client_address(std::string("\x7F\0\0\1", 4));
  event.set_method("GET");
  event.set_scheme("http");
  event.set_host(kHosts[random.below(kHosts.size())]);
  event.set_port(80);
  event.set_path("/" + std::string(random.is_one_of(8) ? 400 : random.below(80), 'p'));
  if (random.is_one_of(3)) {
    event.set_user_agent("Agent/" + std::to_string(random.below(5)));
  }
  event.set_connection_id(number);
  event.set_request_number(1);
  return event;
}

void draw_outcome(proto::TrafficEvent& event, Random& random) {
  switch (random.below(6)) {
    case 0:
      event.set_outcome(proto::REFUSED);
      event.set_fault(proto::POLICY);
      event.set_reason("blocked_domain");
      return;
    case 1:
      event.set_outcome(proto::RATE_LIMITED);
      event.set_fault(proto::POLICY);
      event.set_reason("rate_limit");
      return;
    case 2:
      event.set_outcome(proto::FAILED);
      event.set_fault(proto::ORIGIN);
      event.set_reason("dns_failure");
      return;
    default:
      event.set_outcome(proto::SERVED);
      event.set_status(200);
      event.set_incoming_head("GET / HTTP/1.1" + std::string(random.below(200), 'h'));
  }
}

}  // namespace weir::simulation
