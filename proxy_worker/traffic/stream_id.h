// The name of a new stream of events. No two spools ever have the same, whoever removes what files.
#pragma once

#include <string>

namespace weir::traffic {

// "worker-0" becomes "worker-0-5f2c9d1e0b7a4433".
std::string new_stream_id(const std::string& stream_name);

}  // namespace weir::traffic
