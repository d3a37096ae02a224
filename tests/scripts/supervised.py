"""A supervisor under test: started over fake programs, in a fresh folder, ended with everything it started."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from fake_programs import FakePrograms

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
WAIT_LIMIT_S = 20.0

# Runs the supervisor with some limits shortened.
_LAUNCH = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, {scripts!r})
from weir_supervisor import limits
for name, value in {limits!r}.items():
    assert hasattr(limits, name)
    setattr(limits, name, value)
from weir_supervisor.command_line import main
sys.exit(main([{script!r}, *sys.argv[1:]]))
"""


def wait_until(condition, what: str):
    """The first true value of `condition`."""
    deadline = time.monotonic() + WAIT_LIMIT_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_LIMIT_S:g} s: {what}")
        time.sleep(0.01)
    return value


def is_running(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Supervised:
    """One running supervisor process."""

    def __init__(self, process: subprocess.Popen):
        self.process = process
        self._texts = {"stdout": "", "stderr": ""}
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self._texts]
        for reader in self._readers:
            reader.start()

    @property
    def out(self) -> str:
        return self._texts["stdout"]

    @property
    def err(self) -> str:
        return self._texts["stderr"]

    def wait_ready(self) -> "Supervised":
        wait_until(lambda: "Weir is ready" in self.out or self.process.poll() is not None, f"ready: {self.err}")
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.wait().err}")
        return self

    def port(self) -> int:
        return int(re.search(r"curl -x http://\S+:(\d+) ", self.out)[1])

    def send(self, number: int) -> "Supervised":
        self.process.send_signal(number)
        return self

    def wait(self) -> "Supervised":
        self.process.wait(WAIT_LIMIT_S)
        for reader in self._readers:
            reader.join(WAIT_LIMIT_S)
        return self

    def kill(self) -> None:
        """As a crash would: the programs it started may still hold its output."""
        self.process.kill()
        self.process.wait(WAIT_LIMIT_S)

    def stop(self) -> int:
        self.send(signal.SIGTERM).wait()
        return self.process.returncode

    def _read(self, name: str) -> None:
        with getattr(self.process, name) as stream:
            while data := os.read(stream.fileno(), 65536):
                self._texts[name] += data.decode()


class SupervisorTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir test "))
        self.addCleanup(shutil.rmtree, self.folder)
        self.programs = FakePrograms(self.folder / "programs")
        self.data_dir = self.folder / "Logs"
        self._supervised: list[Supervised] = []
        self.addCleanup(self._end_all)

    def start(self, *options: str, limits: dict | None = None, **popen_arguments) -> Supervised:
        """`run` on port 0 with two workers, unless `options` say otherwise."""
        defaults = {"--bin-dir": str(self.programs.bin), "--listen": "127.0.0.1:0", "--workers": "2"}
        given = {option.partition("=")[0] for option in options}
        arguments = [f"{name}={value}" for name, value in defaults.items() if name not in given]
        return self.start_command("run", *arguments, *options, limits=limits, **popen_arguments)

    def start_command(self, *arguments: str, limits: dict | None = None, **popen_arguments) -> Supervised:
        code = _LAUNCH.format(scripts=str(SCRIPTS), script=str(SCRIPTS / "supervisor"), limits=limits or {})
        environment = {**os.environ, "PYTHONUNBUFFERED": "", **popen_arguments.pop("env", {})}
        process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, env=environment,
                                   **popen_arguments)
        self._supervised.append(Supervised(process))
        return self._supervised[-1]

    def command(self, *arguments: str) -> Supervised:
        """A command that ends by itself."""
        return self.start_command(*arguments).wait()

    def wait_for_events(self, count: int, name: str | None = None, what: str | None = None) -> list[dict]:
        wait_until(lambda: len(self.programs.events(name, what)) >= count, f"{count} events {name} {what}")
        return self.programs.events(name, what)

    def pids(self) -> list[int]:
        """Of all programs that were ever started."""
        return [event["pid"] for event in self.programs.events(what="start")]

    def _end_all(self) -> None:
        for supervised in self._supervised:
            supervised.kill()
        for pid in self.pids():
            if self._is_ours(pid):
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda pid=pid: not is_running(pid), f"end of {pid}")
        for supervised in self._supervised:
            supervised.wait()

    def _is_ours(self, pid: int) -> bool:
        try:
            return str(self.programs.bin) in pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return False
