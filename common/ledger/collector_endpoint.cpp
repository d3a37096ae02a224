#include "common/ledger/collector_endpoint.h"

#include <array>
#include <string_view>
#include <utility>

#include "common/ledger/ipc_endpoint.h"

namespace weir::ledger {

namespace {

constexpr std::string_view kIpc = "ipc://";
constexpr std::string_view kTcp = "tcp://";

// What stands for every address of this machine, and the one that is sure to lead there.
std::string reachable(std::string_view host_and_port) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kEverywhere{
      {{"*", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"[::]", "[::1]"}}};
  const std::size_t colon = host_and_port.rfind(':');
  for (const auto& [every, one] : kEverywhere) {
    if (host_and_port.substr(0, colon) == every) {
      return std::string(one).append(host_and_port.substr(colon));
    }
  }
  return std::string(host_and_port);
}

}  // namespace

std::optional<CollectorEndpoint> collector_endpoint(const std::string& option, CollectorEndpoint::Side side,
                                                    const std::filesystem::path& data_dir, std::string& error) {
  CollectorEndpoint endpoint;
  if (option.starts_with(kTcp)) {
    const std::string_view rest = std::string_view(option).substr(kTcp.size());
    endpoint.kind = CollectorEndpoint::Kind::Network;
    endpoint.address = std::string(kTcp) + (side == CollectorEndpoint::Side::Connects ? reachable(rest) : std::string(rest));
    return endpoint;
  }
  if (option.starts_with("ipc://@")) {
    endpoint.address = option;  // a name in no file system
    return endpoint;
  }
  endpoint.socket = option.starts_with(kIpc) ? std::filesystem::path(option.substr(kIpc.size())) : data_dir / "run" / "collector.sock";
  auto ipc = ipc_endpoint(endpoint.socket, error);
  if (!ipc) {
    return std::nullopt;
  }
  endpoint.address = std::move(ipc->address);
  endpoint.folder = std::move(ipc->folder);
  return endpoint;
}

}  // namespace weir::ledger
