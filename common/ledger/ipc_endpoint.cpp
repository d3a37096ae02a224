#include "common/ledger/ipc_endpoint.h"

#include <fcntl.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace weir::ledger {

std::optional<IpcEndpoint> ipc_endpoint(const std::filesystem::path& socket_path, std::string& error) {
  IpcEndpoint endpoint;
  if (socket_path.native().size() < sizeof(sockaddr_un::sun_path)) {
    // To ZeroMQ a leading @ means a name that is not in the file system.
    endpoint.address = (socket_path.native().starts_with('@') ? "ipc://./" : "ipc://") + socket_path.native();
    return endpoint;
  }
  endpoint.folder.reset(::open(socket_path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!endpoint.folder.is_open()) {
    error = socket_path.parent_path().string() + ": cannot open: " + std::strerror(errno);
    return std::nullopt;
  }
  endpoint.address = "ipc:///proc/self/fd/" + std::to_string(endpoint.folder.value()) + "/" + socket_path.filename().native();
  return endpoint;
}

}  // namespace weir::ledger
