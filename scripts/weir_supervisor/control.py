"""`reload` and `stop`: what another terminal tells the running supervisor."""
import signal
import time

from . import limits
from .console import say
from .data_directory import DataDirectory
from .failure import EXIT_NOT_RUNNING, Failure
from .process_identity import ProcessIdentity
from .process_table import ProcessTable, read_process_table


def reload_policy(directory: DataDirectory) -> int:
    table = _running_table(directory)
    if table is None:
        raise Failure(f"{directory.path}: not running", EXIT_NOT_RUNNING)
    _send(table.supervisor.identity, signal.SIGHUP)
    return 0


def stop(directory: DataDirectory) -> int:
    """Waits until everything has ended. Nothing to stop is no failure."""
    table = _running_table(directory)
    if table is None:
        say(f"{directory.path}: not running")
        return 0
    supervisor = table.supervisor.identity
    _send(supervisor, signal.SIGTERM)
    limit_s = limits.stop_limit_s(table.drain_timeout_s)
    deadline = time.monotonic() + limit_s
    while supervisor.is_alive():
        if time.monotonic() >= deadline:
            raise Failure(f"the supervisor (pid {supervisor.pid}) did not end within {limit_s:.0f} s; "
                          "stop it again to hurry")
        time.sleep(limits.POLL_INTERVAL_S)
    say(f"{directory.path}: stopped")
    return 0


def _running_table(directory: DataDirectory) -> ProcessTable | None:
    try:
        table = read_process_table(directory.process_table)
    except OSError as error:
        raise directory.unusable(error) from None
    return table if table is not None and table.supervisor.identity.is_alive() else None


def _send(supervisor: ProcessIdentity, number: int) -> None:
    try:
        supervisor.send(number)
    except PermissionError:
        raise Failure(f"the supervisor (pid {supervisor.pid}) belongs to another user; try again as that user or root"
                      ) from None
