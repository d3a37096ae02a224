#include "collector/log_name.h"

namespace weir::collector {

void name_log_file(const TrafficRecord& record, std::string& name) {
  store::name_log_file({.host = record.host, .outcome = record.outcome, .fault = record.fault, .reason = record.reason,
                        .has_origin = !record.origin_address.empty()},
                       name);
}

}  // namespace weir::collector
