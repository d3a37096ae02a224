// The disk under the simulated processes: what SQLite and the product ask of the system goes through here, and fails when
// the disk is full or the process that asks is dead. Time that SQLite would sleep is left out.
#pragma once

namespace weir::simulation {

// Once, before the first database is opened.
void put_disk_under_sqlite();

}  // namespace weir::simulation
