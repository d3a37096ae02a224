// Whether what the database has and what the spools still keep join: no event of a stream is in neither. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reporter/verify/check.h"
#include "reporter/verify/ledger.h"
#include "reporter/verify/spool_view.h"

namespace weir::verify {

// `spools` were looked at before the database was, so that what has left them since is there. `look_again` gives a spool
// as it is now: what has come to the database since was in the spool before.
void judge_spools(const std::vector<SpoolView>& spools, const Ledger& ledger,
                  const std::function<SpoolView(const std::string& name)>& look_again, Check& check);

}  // namespace weir::verify
