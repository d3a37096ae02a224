"""run/supervisor.json: which processes run, for `status`, `reload` and `stop`, and for the next start after a crash."""
import dataclasses
import json
import os
import pathlib
import signal
import time

from . import limits
from .console import report
from .failure import Failure
from .process_identity import ProcessIdentity

_VERSION = 1


@dataclasses.dataclass
class Entry:
    """One process. Without an identity while it does not run."""

    name: str
    state: str
    restarts: int
    identity: ProcessIdentity | None
    started_at: float | None  # seconds since the epoch
    worker_id: int | None = None


@dataclasses.dataclass
class ProcessTable:
    state: str
    supervisor: Entry
    processes: list[Entry]
    listen: list[str]
    drain_timeout_s: float

    def write(self, path: pathlib.Path) -> None:
        """Replaces the file at once: readers see the old or the new table."""
        temporary = path.with_suffix(".json.new")
        temporary.write_text(json.dumps({"version": _VERSION, **dataclasses.asdict(self)}, indent=1) + "\n", "utf-8")
        os.replace(temporary, path)


def read_process_table(path: pathlib.Path) -> ProcessTable | None:
    """None when there is none that can be read. OSError other than a missing file is the caller's."""
    try:
        table = json.loads(path.read_text("utf-8"))
        if table["version"] != _VERSION:
            return None
        return ProcessTable(state=table["state"], supervisor=_entry(table["supervisor"]),
                            processes=[_entry(entry) for entry in table["processes"]],
                            listen=table["listen"], drain_timeout_s=table["drain_timeout_s"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def end_survivors(table: ProcessTable) -> None:
    """Waits for the programs of a supervisor that was killed: they hold its ports and locks. They were told to end
    when it died; one that does not is killed."""
    survivors = [entry for entry in table.processes if entry.identity is not None and entry.identity.is_alive()]
    if not survivors:
        return
    names = ", ".join(f"{entry.name} (pid {entry.identity.pid})" for entry in survivors)
    limit_s = max(table.drain_timeout_s + limits.DRAIN_GRACE_S, limits.COLLECTOR_STOP_TIMEOUT_S)
    report(f"waiting up to {limit_s:.0f} s for what an earlier run left behind: {names}")
    for number, patience_s in ((signal.SIGTERM, limit_s), (signal.SIGKILL, limits.KILL_TIMEOUT_S)):
        for entry in survivors:
            entry.identity.send(number)
        survivors = _wait_for(survivors, patience_s)
    if survivors:
        raise Failure(f"{survivors[0].name} (pid {survivors[0].identity.pid}) of an earlier run does not end; end it first")


def _wait_for(entries: list[Entry], patience_s: float) -> list[Entry]:
    deadline = time.monotonic() + patience_s
    while True:
        entries = [entry for entry in entries if entry.identity.is_alive()]
        if not entries or time.monotonic() >= deadline:
            return entries
        time.sleep(limits.POLL_INTERVAL_S)


def _entry(fields: dict) -> Entry:
    identity = fields["identity"]
    return Entry(**{**fields, "identity": None if identity is None else ProcessIdentity(**identity)})
