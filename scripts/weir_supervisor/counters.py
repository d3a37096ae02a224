"""run/counters: what each worker counts while it runs. The layout is common/live/counters.h."""
import dataclasses
import pathlib
import struct

SLOTS = 512

_HEADER = struct.Struct("<8sIII44x")
_MAGIC = b"WEIRCNT1"
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class WorkerCounters:
    """In the order of the file's words."""

    pid: int
    started_at_us: int
    requests: int
    refused: int
    rate_limited: int
    failed: int
    cut_off: int
    client_connections_open: int
    client_connections_accepted: int
    tunnels_open: int
    bytes_sent: int
    bytes_received: int
    records_pending: int
    records_pending_bytes: int
    records_lost: int
    origin_connections_open: int


_SLOT = struct.Struct(f"<{len(dataclasses.fields(WorkerCounters))}Q")


def read_counters(path: pathlib.Path) -> dict[int, WorkerCounters]:
    """By the workers' pids. Empty when there is no such file, or when it is another version's."""
    try:
        data = path.read_bytes()
        magic, version, slots, slot_bytes = _HEADER.unpack_from(data)
        if (magic, version) != (_MAGIC, _VERSION) or slot_bytes < _SLOT.size:
            return {}
        all_counters = [WorkerCounters(*_SLOT.unpack_from(data, _HEADER.size + slot * slot_bytes))
                        for slot in range(slots)]
    except (OSError, struct.error):
        return {}
    return {counters.pid: counters for counters in all_counters if counters.pid != 0}
