"""The data directory: where its files are, and the lock that lets one supervisor at a time use it."""
import fcntl
import os
import pathlib

from .console import report
from .counters import SLOTS
from .failure import Failure
from .process_identity import boot_id


class DataDirectory:
    def __init__(self, path: str):
        self.path = pathlib.Path(path)
        self.run = self.path / "run"
        self.lock = self.run / "supervisor.lock"
        self.process_table = self.run / "supervisor.json"
        self.counters = self.run / "counters"
        self.collector_status = self.run / "collector_status"
        self.database = self.path / "Database" / "proxy_traffic.db"
        self.summary = self.path / "Summary Logs"
        self.summary_text = self.summary / "summary_report.txt"

    def set_aside_spools_of_earlier_boots(self, workers: int) -> None:
        """A power failure may have taken the end of a spool, whose numbers the collector knows. What is left of such a stream
        is delivered under a number that no worker has; these workers begin new streams."""
        try:
            self._remove_delivered_spools()
            for number in range(workers):
                self._begin_spool(self._spool(number))
        except OSError as error:
            report(f"{error.filename}: {error.strerror}: if there was a power failure, records may be lost")

    def _begin_spool(self, folder: pathlib.Path) -> None:
        mark = folder / "boot_id"
        if any(folder.glob("*.seg")) and _text_of(mark) != boot_id():
            others = (self._spool(number) for number in reversed(range(SLOTS)))
            if free := next((other for other in others if not other.exists()), None):
                folder.rename(free)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.write_text(boot_id(), "ascii")

    def _remove_delivered_spools(self) -> None:
        for folder in (self.path / "spool").glob("worker-*"):
            names = {path.name for path in folder.iterdir()}
            if names <= {"lock", "boot_id"}:
                for name in names:
                    (folder / name).unlink()
                folder.rmdir()

    def _spool(self, number: int) -> pathlib.Path:
        return self.path / "spool" / f"worker-{number}"

    def leftover_spools(self, workers: int) -> list[int]:
        """Numbers of workers that have left records here, and that are not among the first `workers`."""
        numbers = set()
        for segment in (self.path / "spool").glob("worker-*/*.seg"):
            text = segment.parent.name.removeprefix("worker-")
            if text.isdecimal() and int(text) >= workers:
                numbers.add(int(text))
        return sorted(numbers)

    def create(self) -> None:
        """Private to this user, as it holds who visited what. What exists keeps its mode."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.path, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise self.unusable(error) from None

    def acquire(self) -> int:
        """Takes the lock for the life of this process; gives its descriptor."""
        try:
            fd = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        except BlockingIOError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
            raise Failure(f"{self.path}: a supervisor runs on this data directory already (pid {holder or 'unknown'}); "
                          "stop it, or choose another with --data-dir") from None
        except OSError as error:
            raise self.unusable(error) from None
        return fd

    def unusable(self, error: OSError) -> Failure:
        return Failure(f"{error.filename or self.path}: {error.strerror}; choose another data directory with --data-dir")


def _text_of(path: pathlib.Path) -> str | None:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return None
