// A request target: METHOD SP TARGET. What is accepted names one host, and names the same host when it is written out.
#include <cstddef>
#include <cstdint>
#include <string>

#include "proxy_worker/http1/request_target.h"
#include "tests/fuzz/expect.h"

namespace weir::http1 {
namespace {

void check_authority(const Authority& authority) {
  expect(!authority.host.empty() && authority.port != 0, "host and port are known");
  for (const char c : authority.host) {
    const bool is_name = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    expect(is_name || (c == ':' && authority.literal), "the host is a lower-case name or an address");
  }
  Authority again;
  expect(parse_authority(authority.to_string(80), 80, again), "it parses when it is written out");
  expect(again.host == authority.host && again.port == authority.port && again.literal == authority.literal, "and is the same");
  expect(!authority.literal || authority.literal->to_string() == authority.host, "an address has one spelling");
  expect(authority.literal || !base::IpAddress::parse(authority.host), "an address is known as one");
}

void try_target(std::string_view method, std::string_view text) {
  RequestTarget target;
  if (parse_request_target(method, text, target) != TargetError::None) {
    return;
  }
  const bool is_connect = method == "CONNECT";
  expect(is_connect == (target.form == TargetForm::Authority), "authority-form goes with CONNECT");
  expect(target.form != TargetForm::Asterisk || method == "OPTIONS", "asterisk-form goes with OPTIONS");
  if (target.form == TargetForm::Absolute || target.form == TargetForm::Authority) {
    check_authority(target.authority);
  }
  if (target.form == TargetForm::Absolute) {
    Authority from_text;
    expect(parse_authority(target.authority_text, 80, from_text) && from_text.host == target.authority.host && from_text.port == target.authority.port,
           "the text names what was parsed");
    expect(target.path_and_query.find('#') == std::string_view::npos, "there is no fragment");
    expect(target.path_and_query.empty() || text.find(target.path_and_query) != std::string_view::npos, "the path is as received");
  }
}

}  // namespace
}  // namespace weir::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t space = input.find(' ');
  if (space != std::string_view::npos) {
    weir::http1::try_target(input.substr(0, space), input.substr(space + 1));
  }
  return 0;
}
