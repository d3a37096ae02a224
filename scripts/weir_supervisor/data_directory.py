"""The data directory: where its files are, and the lock that lets one supervisor at a time use it."""
import fcntl
import os
import pathlib

from .failure import Failure


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
