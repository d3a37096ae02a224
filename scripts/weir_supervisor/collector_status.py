"""run/collector_status: how the collector is. The layout is common/live/collector_status.h."""
import dataclasses
import pathlib
import struct

_MAGIC = b"WEIRCOL1"
_HEADER = struct.Struct("<8sQ")
_WORDS = struct.Struct("<30Q")
_ERROR_BYTES_MAX = 512
_ATTEMPTS = 100  # to read the error while the collector writes another one

_STATES = {0: "ended", 1: "starting", 2: "recording", 3: "waiting", 4: "stopping"}


@dataclasses.dataclass(frozen=True)
class CollectorStatus:
    """Times are seconds since the epoch, None for never. Counts are those of this process."""

    pid: int
    state: str
    since: float | None
    last_commit: float | None
    committed_events: int
    refused_batches: int
    refused_peers: int
    unreadable_events: int
    lost_events: int
    last_error: str
    last_error_at: float | None


def read_collector_status(path: pathlib.Path) -> CollectorStatus | None:
    """None when there is none, or when it is another version's."""
    for _ in range(_ATTEMPTS):
        try:
            data = path.read_bytes()
            magic, _ = _HEADER.unpack_from(data)
            words = _WORDS.unpack_from(data, _HEADER.size)
        except (OSError, struct.error):
            return None
        if magic != _MAGIC:
            return None
        error_version, error_bytes = words[11:13]
        if error_version % 2 == 0:
            break
    begin = _HEADER.size + _WORDS.size
    error = data[begin:begin + min(error_bytes, _ERROR_BYTES_MAX)].decode("utf-8", "replace")
    return CollectorStatus(pid=words[0], state=_STATES.get(words[2], "unknown"), since=_time(words[3]),
                           last_commit=_time(words[4]), committed_events=words[5], refused_batches=words[6],
                           refused_peers=words[7], unreadable_events=words[8], lost_events=words[9],
                           last_error=error, last_error_at=_time(words[10]))


def _time(us: int) -> float | None:
    return us / 1e6 if us else None
