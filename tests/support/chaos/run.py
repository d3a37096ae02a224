"""One run of chaos: load, kills at random moments, an orderly stop, and the comparison."""
import dataclasses
import pathlib
import random
import time
from typing import Callable

from .attempt import AttemptList
from .clients import BLOCKED_HOST, Client
from .comparison import Comparison, compare, judge_progress, read_rows
from .origin import Origin
from .product import Broken, Product, faults_of, free_port

# Whom a kill meets. The supervisor less often: its end stops everything for a second or two.
_VICTIMS = {"worker": 6, "collector": 3, "supervisor": 1}
_PAUSE_S_MEAN = 0.15
_PAUSE_S_MAX = 1.5
_VERIFY_EVERY_KILLS = 40
_DELIVERY_S = 120.0
_DRAIN_TIMEOUT = "2s"
_PROGRESS_INTERVAL = "40ms"  # so that kills meet progress events, too


@dataclasses.dataclass(frozen=True)
class Plan:
    kills: int
    seed: int
    workers: int = 2
    clients: int = 8
    seconds_max: float = 3600.0


@dataclasses.dataclass
class Report:
    kills: dict[str, int]
    starts: int  # of the supervisor
    verifications: int
    seconds: float
    comparison: Comparison
    problems: list[str]


Progress = Callable[[int, int], None]  # kills and requests so far


class Run:
    def __init__(self, plan: Plan, folder: pathlib.Path, bin_dir: pathlib.Path, supervisor: pathlib.Path, progress: Progress):
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._progress = progress
        self._attempts = AttemptList()
        self._kills = dict.fromkeys(_VICTIMS, 0)
        self._verifications = 0
        self._problems: list[str] = []
        self._began = time.monotonic()
        self.product = Product(folder, bin_dir, supervisor, plan.workers, "--allow-destination", "loopback", "--rate-limit", "off",
                               "--connect-ports", "any", "--block", BLOCKED_HOST, "--drain-timeout", _DRAIN_TIMEOUT,
                               "--progress-interval", _PROGRESS_INTERVAL)

    def carry_out(self) -> Report:
        origin = Origin(self._attempts)
        clients: list[Client] = []
        try:
            self.product.start()
            self.product.await_serving()
            unreachable = f"127.0.0.1:{free_port()}"
            clients = [Client(number, self._plan.seed, self.product.address, origin.authority, unreachable, self._attempts)
                       for number in range(self._plan.clients)]
            self._kill_at_random()
            self._end_clients(clients)
            self._stop_in_order()
            return self._report()
        finally:
            self._end_clients(clients)
            self.product.end()
            origin.close()

    def _kill_at_random(self) -> None:
        next_verification = _VERIFY_EVERY_KILLS
        while (done := sum(self._kills.values())) < self._plan.kills:
            if time.monotonic() - self._began > self._plan.seconds_max:
                raise Broken(f"only {done} of {self._plan.kills} kills after {self._plan.seconds_max:g} s")
            self._progress(done, len(self._attempts))
            time.sleep(min(self._random.expovariate(1 / _PAUSE_S_MEAN), _PAUSE_S_MAX))
            self._kill(self._random.choices(list(_VICTIMS), list(_VICTIMS.values()))[0])
            if not self.product.is_running():
                self.product.start()  # Killed, or ended because a program was killed before everything was ready.
            if done >= next_verification:
                next_verification += _VERIFY_EVERY_KILLS
                self._verify("amid the kills")
        self._progress(self._plan.kills, len(self._attempts))

    def _kill(self, victim: str) -> None:
        if victim == "supervisor":
            was_killed = self.product.kill_supervisor()
            if was_killed and self._random.random() < 0.3:
                # What it leaves behind is finishing its requests.
                self._kills["worker"] += self.product.kill_child("worker", self._random)
        else:
            was_killed = self.product.kill_child(victim, self._random)
        self._kills[victim] += was_killed

    @staticmethod
    def _end_clients(clients: list[Client]) -> None:
        for client in clients:
            client.end()
        for client in clients:
            client.join()

    def _stop_in_order(self) -> None:
        self.product.await_serving()
        deadline = time.monotonic() + _DELIVERY_S
        while self.product.pending_records() > 0:
            if time.monotonic() >= deadline:
                raise Broken(f"records are still not delivered after {_DELIVERY_S:g} s; see {self.product.output}")
            time.sleep(0.1)
        self.product.stop()
        self._verify("after the stop")

    def _verify(self, when: str) -> None:
        verification = self.product.verify()
        self._verifications += 1
        self._problems += [f"{fault} ({when}, kill {sum(self._kills.values())})" for fault in faults_of(verification)]

    def _report(self) -> Report:
        comparison = compare(self._attempts.all(), read_rows(self.product.database_file))
        progress = judge_progress(self.product.database_file)
        return Report(kills=self._kills, starts=self.product.starts, verifications=self._verifications,
                      seconds=time.monotonic() - self._began, comparison=comparison,
                      problems=self._problems + comparison.differences + progress)
