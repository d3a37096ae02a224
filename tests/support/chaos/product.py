"""The product under chaos: a supervisor that is started again on the same data directory whenever it is gone, and its
processes, as its table names them. Only what this run has started is ever sent a signal."""
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

_START_S, _STOP_S = 90.0, 120.0
_POLL_S = 0.02


class Broken(Exception):
    """The product does not do what it is asked to at all. One line."""


class Product:
    def __init__(self, folder: pathlib.Path, bin_dir: pathlib.Path, supervisor: pathlib.Path, workers: int, *options: str):
        self.data_dir = folder / "data"
        self.database_file = self.data_dir / "Database" / "proxy_traffic.db"
        self.output = folder / "supervisor.log"
        self.address = ("127.0.0.1", free_port())
        self._bin_dir = bin_dir
        self._command = [sys.executable, str(supervisor), "run", "--bin-dir", str(bin_dir), "--data-dir", str(self.data_dir),
                         "--workers", str(workers), "--listen", "%s:%d" % self.address, *options]
        self._process: subprocess.Popen | None = None
        self.starts = 0

    def start(self) -> None:
        """Does not wait until it is ready. The thread that calls this must outlive the product."""
        with open(self.output, "ab") as output:
            self._process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *self._command], stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output, start_new_session=True,
                                             env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.starts += 1

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_serving(self) -> bool:
        """Everything runs."""
        table = self._table()
        return (self.is_running() and table is not None and table["supervisor"]["identity"]["pid"] == self._process.pid and
                table["state"] == "running" and
                all(entry["state"] == "running" for entry in table["processes"] if entry["name"] != "reporter"))

    def await_serving(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self.is_serving():
            if not self.is_running():
                self.start()
            if time.monotonic() >= deadline:
                raise Broken(f"not everything runs after {_START_S:g} s; see {self.output}")
            time.sleep(_POLL_S)

    def kill_supervisor(self) -> bool:
        if not self.is_running():
            return False
        self._process.kill()
        self._process.wait()
        return True

    def kill_child(self, name: str, choice: random.Random) -> bool:
        """A worker ("worker") or the collector, of this supervisor or left behind by one that was killed; False when none
        runs at the moment."""
        table = self._table()
        entries = [] if table is None or table["state"] != "running" else table["processes"]
        pids = [entry["identity"]["pid"] for entry in entries
                if entry["name"].startswith(name) and entry["identity"] and _has_started_at(entry["identity"])]
        if not pids:
            return False
        try:
            os.kill(choice.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def stop(self) -> None:
        """In order."""
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            raise Broken(f"the supervisor did not stop within {_STOP_S:g} s; see {self.output}") from None
        if status != 0:
            raise Broken(f"the supervisor stopped with exit status {status}; see {self.output}")

    def end(self) -> None:
        """However it stands."""
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def pending_records(self) -> int:
        """Of all spools, as the reporter sees them."""
        return self._numbers(self.verify(), "spools")["pending_events"]

    def verify(self) -> dict:
        """What `reporter --verify` says."""
        done = subprocess.run([str(self._bin_dir / "reporter"), "--data-dir", str(self.data_dir), "--verify", "--json"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)
        if done.returncode not in (0, 1):
            raise Broken(f"reporter --verify: exit status {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()}")
        return json.loads(done.stdout)

    @staticmethod
    def _numbers(verification: dict, check: str) -> dict:
        return next(entry["numbers"] for entry in verification["checks"] if entry["name"] == check)

    def _table(self) -> dict | None:
        try:
            return json.loads((self.data_dir / "run" / "supervisor.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None


def faults_of(verification: dict) -> list[str]:
    return [f"reporter --verify: {check['name']}: {line}" for check in verification["checks"] for line in check["faults"]["first"]]


def _has_started_at(identity: dict) -> bool:
    """A pid alone may by now belong to another process."""
    try:
        text = pathlib.Path(f"/proc/{identity['pid']}/stat").read_bytes()
    except OSError:
        return False
    return int(text.rpartition(b")")[2].split()[19]) == identity["start_ticks"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
