"""The product under test: the supervisor with all its processes, or one bare worker, on a free port in a new folder.

A test file has one or more WeirTest classes and ends with `weir.main()`. When a test fails, what the processes said on
standard error is shown; a sanitizer's report or a crash in there fails the test by itself.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import private_network
from patience import await_that, scaled
from raw_client import RawClient

_START_S = 30.0
_STOP_S = 60.0
SANITIZER_REPORT = re.compile(rb"(ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer"
                               rb"|UndefinedBehaviorSanitizer|: runtime error: |AddressSanitizer:DEADLYSIGNAL"
                               rb"|terminate called|__glibcxx_assert_fail)")
_COUNTERS_HEADER = struct.Struct("<8sIII44x")
_COUNTER_NAMES = ("pid", "started_at_us", "requests", "refused", "rate_limited", "failed", "cut_off",
                  "client_connections_open", "client_connections_accepted", "tunnels_open", "bytes_sent",
                  "bytes_received", "records_pending", "records_pending_bytes", "records_lost",
                  "origin_connections_open")


def main() -> None:
    """Runs the tests of the calling file, in a network of their own where that is possible."""
    private_network.enter()
    unittest.main(module="__main__", verbosity=2)


def is_full_size() -> bool:
    """WEIR_FULL=1: the sizes that a release must stand, instead of those that suit every commit."""
    return os.environ.get("WEIR_FULL", "") not in ("", "0")


def bin_dir() -> pathlib.Path:
    folder = os.environ.get("WEIR_BIN_DIR")
    if not folder:
        raise SystemExit("WEIR_BIN_DIR: not set; name the folder of the built programs, such as build/dev/bin")
    return pathlib.Path(folder).absolute()


def supervisor_script() -> pathlib.Path:
    beside = pathlib.Path(__file__).absolute().parents[2] / "scripts" / "supervisor"
    return pathlib.Path(os.environ.get("WEIR_SUPERVISOR", beside)).absolute()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on: at once, and in a network of our own for as long as we like."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Process:
    """A program of ours that ends with the test: it is told to when this thread dies."""

    def __init__(self, name: str, command: list[str], folder: pathlib.Path, environment: dict[str, str] | None = None):
        self.name = name
        self.stdout_file, self.stderr_file = folder / f"{name}.stdout", folder / f"{name}.stderr"
        with open(self.stdout_file, "ab") as stdout, open(self.stderr_file, "ab") as stderr:
            self._process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.DEVNULL,
                                             stdout=stdout, stderr=stderr, env={**os.environ, **(environment or {})},
                                             start_new_session=True)
        self.pid = self._process.pid

    @property
    def stdout(self) -> str:
        return self.stdout_file.read_text("utf-8", "replace")

    @property
    def stderr(self) -> str:
        return self.stderr_file.read_text("utf-8", "replace")

    def is_running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: int) -> None:
        if self.is_running():
            self._process.send_signal(number)

    def wait(self, timeout_s: float = _STOP_S) -> int:
        """Its exit status; negative for a signal."""
        try:
            return self._process.wait(scaled(timeout_s))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} (pid {self.pid}) did not end within {scaled(timeout_s):g} s") from None

    def end(self) -> None:
        """In the cleanup of a test that did not stop it: in order if it can."""
        self.send(signal.SIGTERM)
        try:
            self._process.wait(scaled(20))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class WeirTest(unittest.TestCase):
    """Has a temporary folder; shows what the processes said when the test failed."""

    def setUp(self) -> None:
        assert threading.current_thread() is threading.main_thread()
        # A space in the path: no process may mind. mkdtemp's own path is short, sockets' paths have a limit.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir test "))
        self.processes: list[Process] = []
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self._end_processes)

    def run(self, result=None):
        result = result if result is not None else self.defaultTestResult()
        failed = len(result.failures) + len(result.errors)
        self._said = []
        super().run(result)
        if len(result.failures) + len(result.errors) > failed:
            for text in self._said:
                print(text, file=sys.stderr, flush=True)
        return result

    def start(self, name: str, command: list, environment: dict[str, str] | None = None) -> Process:
        folder = self.folder / f"output {len(self.processes)}"
        folder.mkdir()
        process = Process(name, [str(part) for part in command], folder, environment)
        self.processes.append(process)
        return process

    def run_program(self, program: str, *arguments, timeout_s: float = 60.0) -> subprocess.CompletedProcess:
        """One of Weir's programs, to its end."""
        return subprocess.run([str(bin_dir() / program), *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=scaled(timeout_s), check=False)

    def require_program(self, program: str, package: str) -> str:
        path = shutil.which(program)
        if path is None:
            self.fail(f"{program} is missing; install the package {package}")
        return path

    def _end_processes(self) -> None:
        for process in reversed(self.processes):
            process.end()
        reported = []
        for process in self.processes:
            said = process.stderr_file.read_bytes()
            self._said.append(f"--- {process.name} (pid {process.pid}) said on standard error:\n"
                              f"{said.decode('utf-8', 'replace')[-20000:]}")
            if SANITIZER_REPORT.search(said):
                reported.append(process.name)
        if reported:
            self.fail(f"a sanitizer or a crash was reported by {', '.join(reported)}")


class Weir:
    """A running proxy. `options` are the supervisor's, or the worker's when `supervised` is False.

    Unless told otherwise loopback destinations are allowed, as everything here is there; CONNECT may go to any port; and
    nobody's rate is limited."""

    def __init__(self, test: WeirTest, *options: str, workers: int = 1, listen: tuple[str, ...] = ("127.0.0.1",),
                 guarded: bool = False, rate_limit: str | None = "off", connect_ports: str | None = "any",
                 environment: dict[str, str] | None = None, data_dir: pathlib.Path | None = None):
        self.test = test
        self.data_dir = data_dir or test.folder / "data of this test"
        self.database_file = self.data_dir / "Database" / "proxy_traffic.db"
        self.workers = workers
        self._clients: list[RawClient] = []
        test.addCleanup(self.close_clients)
        arguments = ["--data-dir", self.data_dir, "--workers", workers]
        for address in listen:
            arguments += ["--listen", f"[{address}]:0" if ":" in address else f"{address}:0"]
        arguments += [] if guarded else ["--allow-destination", "loopback"]
        arguments += [] if rate_limit is None else ["--rate-limit", rate_limit]
        arguments += [] if connect_ports is None else ["--connect-ports", connect_ports]
        self.process = test.start("supervisor", [sys.executable, supervisor_script(), "run", "--bin-dir", bin_dir(),
                                                 *arguments, *options],
                                  {"PYTHONDONTWRITEBYTECODE": "1", **(environment or {})})
        self._await_ready()

    # Where it is

    @property
    def address(self) -> tuple[str, int]:
        return self.addresses[0]

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def client(self, source: str | None = None, **further) -> RawClient:
        client = RawClient(self.address, source, **further)
        self._clients.append(client)
        return client

    def close_clients(self) -> None:
        while self._clients:
            self._clients.pop().close()

    # Its processes

    def table(self) -> dict:
        """run/supervisor.json."""
        return json.loads((self.data_dir / "run" / "supervisor.json").read_text("utf-8"))

    def pid(self, name: str) -> int | None:
        """Of "collector", "worker-0", ...; None while it does not run."""
        for entry in self.table()["processes"]:
            if entry["name"] == name:
                return entry["identity"]["pid"] if entry["identity"] else None
        raise AssertionError(f"there is no process {name}")

    def worker_pids(self) -> list[int]:
        return [self.pid(f"worker-{number}") for number in range(self.workers)]

    def restarts(self) -> dict[str, int]:
        return {entry["name"]: entry["restarts"] for entry in self.table()["processes"]}

    def is_serving(self) -> bool:
        table = self.table()
        return table["state"] == "running" and all(entry["state"] == "running" for entry in table["processes"]
                                                   if entry["name"] != "reporter")

    def counters(self, worker: int = 0) -> dict[str, int]:
        with open(self.data_dir / "run" / "counters", "rb") as file:
            magic, _, slots, slot_bytes = _COUNTERS_HEADER.unpack(file.read(_COUNTERS_HEADER.size))
            assert magic == b"WEIRCNT1" and worker < slots
            file.seek(_COUNTERS_HEADER.size + worker * slot_bytes)
            words = struct.unpack(f"<{len(_COUNTER_NAMES)}Q", file.read(8 * len(_COUNTER_NAMES)))
        return dict(zip(_COUNTER_NAMES, words))

    # What it recorded

    def rows(self, sql: str = "SELECT * FROM all_requests ORDER BY id", *parameters) -> list[sqlite3.Row]:
        uri = f"{self.database_file.absolute().as_uri()}?mode=ro"
        database = sqlite3.connect(uri, uri=True, timeout=scaled(10))
        try:
            database.row_factory = sqlite3.Row
            return database.execute(sql, parameters).fetchall()
        finally:
            database.close()

    def wait_for_rows(self, count: int, timeout_s: float = 20.0) -> list[sqlite3.Row]:
        """All rows, once there are `count`; more than that is a failure."""
        def has_enough():
            nonlocal seen
            seen = self._count()
            return seen >= count
        seen = 0
        try:
            await_that(has_enough, f"{count} rows in the database", timeout_s)
        except AssertionError as error:
            self.test.fail(f"{error}; there are {seen}: {[row['path'] for row in self.rows()][-20:] if seen else ''}")
        rows = self.rows()
        self.test.assertEqual(seen, count, f"more rows than requests: {[tuple(row)[:20] for row in rows[-5:]]}")
        return rows

    def row_of(self, path: str) -> sqlite3.Row:
        """The one row of the request for this path (or, for a tunnel, to this host:port)."""
        rows = [row for row in self.rows() if row["path"] == path or f"{row['host']}:{row['port']}" == path]
        self.test.assertEqual(len(rows), 1, f"rows for {path}: {[tuple(row) for row in rows]}")
        return rows[0]

    def json_lines(self) -> list[tuple[str, dict]]:
        """Every line of every JSON log, with its file's name relative to the data directory."""
        lines = []
        for file in sorted(self.data_dir.glob("*/*.jsonl")):
            for line in file.read_bytes().splitlines():
                lines.append((str(file.relative_to(self.data_dir)), json.loads(line)))
        return lines

    def _count(self) -> int:
        try:
            return self.rows("SELECT count(*) AS count FROM request")[0]["count"]
        except sqlite3.OperationalError:
            return 0  # Not created yet.

    # Its end

    def stop(self, number: int = signal.SIGTERM, expected_status: int = 0) -> None:
        """In order, as an operator does it; afterwards all records and the summary are written."""
        self.process.send(number)
        self.await_stopped(expected_status)

    def await_stopped(self, expected_status: int = 0) -> None:
        status = self.process.wait()
        self.test.assertEqual(status, expected_status, "the supervisor's exit status")

    def assert_never_restarted(self) -> None:
        self.test.assertEqual({name: count for name, count in self.restarts().items() if count}, {}, "restarted processes")

    def _await_ready(self) -> None:
        def is_ready():
            if not self.process.is_running():
                raise AssertionError(f"the supervisor ended with status {self.process.wait()} instead of getting ready")
            return "Weir is ready" in self.process.stdout
        await_that(is_ready, "the banner 'Weir is ready'", _START_S)
        self.addresses = [_parse_address(text) for text in self.table()["listen"]]


def _parse_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    return {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), int(port)


# What /proc knows

def resident_bytes(pid: int) -> int:
    return int(re.search(r"^VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1]) * 1024


def open_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class MemoryWatch:
    """The highest resident size of a process while the block runs, sampled."""

    def __init__(self, pid: int):
        self.highest = resident_bytes(pid)
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.02):
            self.highest = max(self.highest, resident_bytes(self._pid))


class BareWorker:
    """One proxy_worker without supervisor, with a collector when `records`; for tests of the worker by itself."""

    def __init__(self, test: WeirTest, *options: str, records: bool = True, address: str = "127.0.0.1"):
        self.test = test
        self.data_dir = test.folder / "data of this test"
        self.database_file = self.data_dir / "Database" / "proxy_traffic.db"
        self.address = (address, free_port(address))
        self.collector = self._start("collector", "--data-dir", self.data_dir) if records else None
        self.worker = self._start("proxy_worker", "--data-dir", self.data_dir, "--listen", "%s:%d" % self.address,
                                  "--records", "on" if records else "off", "--allow-destination", "loopback",
                                  "--connect-ports", "any", "--rate-limit", "off", *options)

    def client(self, source: str | None = None) -> RawClient:
        client = RawClient(self.address, source)
        self.test.addCleanup(client.close)
        return client

    def stop(self) -> None:
        """Worker first, so that the collector gets its last records."""
        for process in filter(None, (self.worker, self.collector)):
            process.send(signal.SIGTERM)
            self.test.assertEqual(process.wait(), 0, f"the {process.name}'s exit status")

    rows = Weir.rows
    wait_for_rows = Weir.wait_for_rows
    json_lines = Weir.json_lines
    _count = Weir._count

    def _start(self, program: str, *arguments) -> Process:
        """Started as systemd would: ready when it says so on the notification socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(f"\0weir-test-{os.getpid()}-{time.monotonic_ns()}")
            ready.settimeout(scaled(0.2))
            process = self.test.start(program, [bin_dir() / program, *arguments],
                                      {"NOTIFY_SOCKET": "@" + ready.getsockname()[1:].decode()})
            deadline = time.monotonic() + scaled(_START_S)
            while time.monotonic() < deadline:
                try:
                    if b"READY=1" in ready.recv(4096):
                        return process
                except TimeoutError:
                    self.test.assertTrue(process.is_running(), f"the {program} ended instead of getting ready")
        raise AssertionError(f"the {program} did not say READY=1 in time")
