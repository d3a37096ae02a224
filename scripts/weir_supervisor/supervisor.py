"""The event loop: starts collector and workers, keeps them running, stops them in order, has the summary written."""
import dataclasses
import enum
import os
import pathlib
import selectors
import signal
import time
from typing import Callable

from . import limits
from .child import Child, State
from .console import report
from .failure import EXIT_BAD_OPTIONS, EXIT_FAILED
from .listeners import Listeners
from .process_identity import ProcessIdentity
from .process_table import Entry, ProcessTable
from .readiness import Readiness
from .signal_queue import SignalQueue


class Phase(enum.Enum):
    STARTING = "starting"  # the collector, then the first worker, then the others get ready
    SERVING = "running"
    STOPPING_WORKERS = "stopping workers"  # they finish their requests
    STOPPING_COLLECTOR = "stopping collector"  # it writes what the workers handed over
    REPORTING = "writing the summary"
    STOPPED = "stopped"


@dataclasses.dataclass
class Family:
    """All programs that are run. Without records there is neither collector nor reporter."""

    workers: list[Child]
    collector: Child | None
    deliveries: list[Child]  # of records that workers which run no more have left; each ends when that is done
    reporter: Child | None

    def start_order(self) -> list[list[Child]]:
        """Groups, each started when the one before is ready. One worker goes first: what is wrong with the options
        is said once."""
        return [[self.collector] if self.collector else [], self.workers[:1], self.workers[1:]]

    def senders(self) -> list[Child]:
        """Who must have ended before the collector is stopped."""
        return [*self.workers, *self.deliveries]

    def all(self) -> list[Child]:
        return [child for child in (self.collector, *self.workers, *self.deliveries, self.reporter) if child is not None]


class Supervisor:
    def __init__(self, family: Family, listeners: Listeners, readiness: Readiness, signals: SignalQueue,
                 drain_timeout_s: float, table_path: pathlib.Path, announce: Callable[[], None],
                 show_summary: Callable[[], None]):
        self._family = family
        self._listeners = listeners
        self._readiness = readiness
        self._signals = signals
        self._drain_timeout_s = drain_timeout_s
        self._table_path = table_path
        self._announce = announce  # called once, when everything is ready
        self._show_summary = show_summary  # called once, after the reporter has written it
        self._phase = Phase.STARTING
        self._has_served = False
        self._is_hurried = False
        self._asked_to_stop_at: float | None = None  # monotonic
        self._exit_status = 0
        self._started_at = time.time()
        self._written: ProcessTable | None = None

    def run(self) -> int:
        """Until everything has ended; gives the exit status."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._signals, selectors.EVENT_READ)
            selector.register(self._readiness, selectors.EVENT_READ)
            while True:
                while self._advance():
                    pass
                self._write_table()
                if self._phase is Phase.STOPPED:
                    break
                selector.select(self._wait_s())
                self._take_readiness()
                self._take_signals()
                self._meet_deadlines()
        self._table_path.unlink(missing_ok=True)
        return self._exit_status

    def _advance(self) -> bool:
        """Takes the next step, if it is due. False when there is something to wait for first."""
        match self._phase:
            case Phase.STARTING:
                return self._start_next()
            case Phase.SERVING:
                return False
            case Phase.STOPPING_WORKERS:
                return self._have_ended(self._family.senders()) and self._stop_collector()
            case Phase.STOPPING_COLLECTOR:
                return self._have_ended([self._family.collector]) and self._start_report()
            case Phase.REPORTING:
                return self._have_ended([self._family.reporter]) and self._finish_report()
            case Phase.STOPPED:
                return False

    def _start_next(self) -> bool:
        for group in self._family.start_order():
            if any(child.state is State.STARTING for child in group):
                return False
            if any(child.state is State.ENDED for child in group):
                return self._start(group)
        self._phase = Phase.SERVING
        self._has_served = True
        self._announce()
        self._start(self._family.deliveries)
        return True

    def _start(self, group: list[Child]) -> bool:
        for child in group:
            try:
                child.start()
            except OSError as error:
                self._fail(f"{child.name} cannot be started: {error}", EXIT_FAILED)
                return True
        return False

    def _stop(self) -> None:
        """Workers first: they have requests under way, and records to hand over to the collector."""
        self._phase = Phase.STOPPING_WORKERS
        for sender in self._family.senders():
            sender.stop(self._drain_timeout_s + limits.DRAIN_GRACE_S)
        self._listeners.close()

    def _stop_collector(self) -> bool:
        self._phase = Phase.STOPPING_COLLECTOR
        if self._family.collector is not None:
            self._family.collector.stop(limits.COLLECTOR_STOP_TIMEOUT_S)
        return True

    def _start_report(self) -> bool:
        self._phase = Phase.STOPPED
        reporter = self._family.reporter
        if reporter is None or not self._has_served or self._is_hurried:
            return True
        try:
            reporter.start()
            reporter.expect_end(limits.REPORT_TIMEOUT_S)
            self._phase = Phase.REPORTING
        except OSError as error:
            report(f"the reporter cannot be started: {error}; no summary was written")
            self._exit_status = self._exit_status or EXIT_FAILED
        return True

    def _finish_report(self) -> bool:
        self._phase = Phase.STOPPED
        if self._family.reporter.exit.wait_status == 0:
            self._show_summary()
        else:
            report("no summary was written; the records are in the database")
            self._exit_status = self._exit_status or EXIT_FAILED
        return True

    def _hurry(self) -> None:
        report(f"asked a second time: ending everything within {limits.HURRY_TIMEOUT_S:g} s, without a summary")
        self._is_hurried = True
        self._exit_status = self._exit_status or EXIT_FAILED
        for child in self._family.all():
            child.stop(limits.HURRY_TIMEOUT_S)

    def _fail(self, why: str, exit_status: int) -> None:
        """`why` is empty when the program has said it."""
        if why:
            report(why)
        self._exit_status = exit_status
        self._stop()

    def _take_readiness(self) -> None:
        for pid in self._readiness.take_ready_pids():
            for child in self._family.all():
                if child.pid == pid:
                    child.is_ready()

    def _take_signals(self) -> None:
        signals = self._signals.take()
        if signal.SIGCHLD in signals:
            self._reap()
        for number in signals:
            if number == signal.SIGHUP:
                self._reload()
            elif number in (signal.SIGTERM, signal.SIGINT):
                self._stop_or_hurry()

    def _reload(self) -> None:
        report("reloading")
        for child in self._family.all():
            child.reload()

    def _stop_or_hurry(self) -> None:
        now = time.monotonic()
        if self._asked_to_stop_at is None:
            self._asked_to_stop_at = now
        elif now < self._asked_to_stop_at + limits.SAME_STOP_S:
            return
        if self._phase in (Phase.STARTING, Phase.SERVING):
            report(f"stopping; requests under way have {self._drain_timeout_s:g} s to finish (once more to hurry)")
            self._stop()
        elif not self._is_hurried:
            self._hurry()

    def _reap(self) -> None:
        for child in self._family.all():
            if child.pid is None:
                continue
            pid, wait_status = os.waitpid(child.pid, os.WNOHANG)
            if pid != 0:
                child.has_ended(wait_status)
                self._judge_end(child)

    def _judge_end(self, child: Child) -> None:
        if child.exit.was_expected or (child in self._family.deliveries and child.exit.wait_status == 0):
            return
        if self._phase not in (Phase.STARTING, Phase.SERVING):
            report(child.exit.text)  # The collector, while the workers drain: their spools keep the records.
        elif self._phase is Phase.SERVING:
            # Also when it refuses its options: a file that has become bad since must not end what still works.
            child.start_again_later(child.exit.text)
        elif child.exit.refused_its_options:
            self._fail("", EXIT_BAD_OPTIONS)
        else:
            self._fail(f"{child.exit.text} before everything was ready; see its message above", EXIT_FAILED)

    def _meet_deadlines(self) -> None:
        now = time.monotonic()
        for child in self._family.all():
            if child.deadline is not None and child.deadline <= now:
                child.meet_deadline()

    def _wait_s(self) -> float | None:
        """None: until a signal or a message comes."""
        deadlines = [child.deadline for child in self._family.all() if child.deadline is not None]
        if not deadlines:
            return None
        return min(max(0.0, min(deadlines) - time.monotonic()), limits.SLEEP_MAX_S)

    def _write_table(self) -> None:
        supervisor = Entry(name="supervisor", state=self._phase.value, restarts=0,
                           identity=ProcessIdentity.of(os.getpid()), started_at=self._started_at)
        table = ProcessTable(state=self._phase.value, supervisor=supervisor,
                             processes=[child.entry() for child in self._family.all()
                                        if not (child in self._family.deliveries and child.state is State.ENDED)],
                             listen=[str(address) for address in self._listeners.addresses],
                             drain_timeout_s=self._drain_timeout_s)
        if table == self._written:
            return
        try:
            table.write(self._table_path)
            self._written = table
        except OSError as error:
            report(f"{self._table_path}: cannot write: {error.strerror}")

    @staticmethod
    def _have_ended(children: list[Child | None]) -> bool:
        return all(child is None or child.state is State.ENDED for child in children)
