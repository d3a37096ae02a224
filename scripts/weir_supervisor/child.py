"""One program that the supervisor runs, and keeps running until it is told to stop."""
import dataclasses
import enum
import os
import signal
import time

from . import limits
from .back_off import BackOff
from .console import report
from .failure import EXIT_BAD_OPTIONS
from .process_identity import ProcessIdentity
from .process_table import Entry
from .spawn import spawn


class State(enum.Enum):
    ENDED = "ended"  # not started yet, or ended for good
    STARTING = "starting"  # started, not READY yet
    RUNNING = "running"
    WAITING = "waiting"  # crashed; to be started again
    STOPPING = "stopping"  # told to end


@dataclasses.dataclass(frozen=True)
class Exit:
    """How a run ended."""

    wait_status: int
    text: str
    was_expected: bool

    @property
    def refused_its_options(self) -> bool:
        return os.WIFEXITED(self.wait_status) and os.WEXITSTATUS(self.wait_status) == EXIT_BAD_OPTIONS


class Child:
    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], passed_fds: list[int],
                 worker_id: int | None = None, quiet: bool = False):
        self.name = name
        self.worker_id = worker_id
        self.state = State.ENDED
        # STARTING and STOPPING: when it is killed. WAITING: when it is started. On the monotonic clock.
        self.deadline: float | None = None
        self.exit: Exit | None = None  # of its last run
        self._was_killed = False
        self._command = (arguments, environment, passed_fds, quiet)
        self._back_off = BackOff()
        self._identity: ProcessIdentity | None = None
        self._started_at: float | None = None
        self._started = 0.0  # on the monotonic clock
        self._run_s = 0.0  # its last run's length
        self._restarts = 0
        self._is_reload_due = False

    @property
    def pid(self) -> int | None:
        return self._identity.pid if self._identity else None

    def start(self) -> None:
        """OSError when it cannot be started."""
        pid = spawn(*self._command)
        self._identity = ProcessIdentity.of(pid) or ProcessIdentity(pid, 0, "")
        self._started = time.monotonic()
        self._started_at = time.time()
        self._is_reload_due = False
        self._was_killed = False
        self._enter(State.STARTING, limits.START_TIMEOUT_S)

    def is_ready(self) -> None:
        """It has said so."""
        if self.state is State.STARTING:
            self._enter(State.RUNNING)
            if self._is_reload_due:
                self.reload()

    def reload(self) -> None:
        """A program that is still starting would die of SIGHUP, and may have read its files already."""
        if self.state is State.RUNNING:
            os.kill(self.pid, signal.SIGHUP)
        self._is_reload_due = self.state is State.STARTING

    def stop(self, within_s: float) -> None:
        """Tells it to end, or, when it was told already, shortens its time."""
        if self.pid is None:
            self._enter(State.ENDED)
            return
        if self.state is not State.STOPPING:
            os.kill(self.pid, signal.SIGTERM)
            self._enter(State.STOPPING, within_s)
        elif self.deadline is not None:
            self.deadline = min(self.deadline, time.monotonic() + within_s)

    def expect_end(self, within_s: float) -> None:
        """For a program that ends by itself when its work is done."""
        self._enter(State.STOPPING, within_s)

    def has_ended(self, wait_status: int) -> None:
        """The process is gone, with this status of os.waitpid."""
        pid, self._identity, self._started_at = self.pid, None, None
        self._run_s = time.monotonic() - self._started
        self.exit = Exit(wait_status, f"{self.name} (pid {pid}) {_describe(wait_status)}", self.state is State.STOPPING)
        if self.exit.was_expected and wait_status != 0 and not self._was_killed:
            report(f"{self.exit.text} while it was stopping")
        self._enter(State.ENDED)

    def start_again_later(self, why: str) -> None:
        wait_s = self._back_off.after_run_of(self._run_s)
        report(f"{why}; starting it again in {wait_s:g} s")
        self._enter(State.WAITING, wait_s)

    def meet_deadline(self) -> None:
        if self.state is State.WAITING:
            self._start_again()
            return
        self._was_killed = True
        report(f"{self.name} (pid {self.pid}) {'was not ready' if self.state is State.STARTING else 'did not end'} "
               "in time: killed")
        os.kill(self.pid, signal.SIGKILL)
        self.deadline = None

    def entry(self) -> Entry:
        return Entry(name=self.name, state=self.state.value, restarts=self._restarts, identity=self._identity,
                     started_at=self._started_at, worker_id=self.worker_id)

    def _start_again(self) -> None:
        self._restarts += 1
        try:
            self.start()
        except OSError as error:
            self._run_s = 0.0
            self.start_again_later(f"{self.name} cannot be started: {error}")

    def _enter(self, state: State, within_s: float | None = None) -> None:
        self.state = state
        self.deadline = None if within_s is None else time.monotonic() + within_s


def _describe(wait_status: int) -> str:
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        name = signal.Signals(number).name if number in set(signal.Signals) else ""
        return f"was ended by signal {number}" + (f" ({name})" if name else "")
    return f"ended with exit status {os.WEXITSTATUS(wait_status)}"
