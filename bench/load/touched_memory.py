"""Memory that a virtual machine has got from its host already.

Many hosts give a machine each page at its first touch only, and take back what is free. That may take longer than all that is
to be measured where files grow, as the logs and the spools do.
"""
import mmap
import pathlib
import threading
import time

_PIECE = 1 << 20
_INTERVAL_S = 0.02


class TouchedMemory:
    """Touches so many MiB, and gives back as much as the kernel takes from its free memory, until it is closed."""

    def __init__(self, mib: int):
        self._pieces = []
        for _ in range(mib):
            piece = mmap.mmap(-1, _PIECE)
            for offset in range(0, _PIECE, mmap.PAGESIZE):
                piece[offset] = 1
            self._pieces.append(piece)
        self._free_mib = _free_mib()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._give_back)
        self._thread.start()

    def __enter__(self) -> "TouchedMemory":
        return self

    def __exit__(self, *_) -> None:
        self._is_over.set()
        self._thread.join()

    def _give_back(self) -> None:
        while self._pieces and not self._is_over.is_set():
            for _ in range(min(self._free_mib - _free_mib(), len(self._pieces))):
                self._pieces.pop().close()
            time.sleep(_INTERVAL_S)


def _free_mib() -> int:
    for line in pathlib.Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemFree:"):
            return int(line.split()[1]) >> 10
    raise OSError("/proc/meminfo does not say how much memory is free")
